"""Which event loop owns an app's store, how other loops and threads reach it, and how long it stays open.

Pools and sockets belong to the loop that opened them. The rule:

* ``async with app`` / ``await app.aopen()`` opens a session on the running loop, or joins the one that is open there.
* A call on a loop that has a session uses it. A call from anywhere else (another loop, a thread) is forwarded
  to a running loop that has one, so a handler in a thread enqueues through its worker's connections.
* If no loop has one, a session is opened where the call is: on the running loop, or, for blocking calls, on
  the portal thread of :mod:`taskflowmq.client.sync`.
* A session stays open while it is in use: by those who opened the app, the parts of this package that work for long
  (:meth:`Hub.keep`: workers, servers), calls in progress. ``aclose()`` releases one opening, and no other.
* It also ends when ``asyncio.run`` ends its loop: an asynchronous generator guards each session, and ending those is
  the last step of a loop.
* A forked child starts with no session.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

from taskflowmq.client.deadline import DEFAULT_S, too_late
from taskflowmq.client.forks import keep_inherited, notice_fork, on_fork
from taskflowmq.client.sync import LOOK_S, portal_loop, refuse_inside_loop, wait_for_loop
from taskflowmq.client.threads import refuse_green_threads
from taskflowmq.core.errors import StoreUnavailable

log = logging.getLogger(__name__)


class Closable(Protocol):
    """A session: an object that is opened on one loop and closed there."""

    async def flush(self) -> None:
        """Answer what was accepted."""
        ...

    async def close(self) -> None:
        """Finish what is in progress and disconnect; idempotent."""
        ...


S = TypeVar("S", bound=Closable)
T = TypeVar("T")
Loop = asyncio.AbstractEventLoop
#: How often a call is repeated because the loop that it was forwarded to ended meanwhile.
_MOST_OWNERS = 3
#: How long a closing waits for another loop, in seconds.
_CLOSE_S = 5.0


class _LoopEntry(Generic[S]):
    """The state of one event loop: its session, open or being opened. Its counters belong to the loop."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.session: S | None = None
        self.opening = asyncio.Lock()
        #: Opens it for calls, which wait for it only until their deadline.
        self.opener: asyncio.Task[None] | None = None
        self.guard: AsyncGenerator[None, None] | None = None
        #: How often the app was opened here and not closed yet.
        self.openers = 0
        #: How many parts of this package keep it open.
        self.keepers = 0
        #: Calls in progress.
        self.calls = 0
        #: The app was closed here: the last user of the session closes it.
        self.leaving = False

    @property
    def held(self) -> bool:
        """Whether an opening or a hold keeps it open."""
        return self.openers > 0 or self.keepers > 0

    @property
    def abandoned(self) -> bool:
        """Whether it is to be closed now."""
        return self.leaving and not (self.openers or self.keepers or self.calls)

    @property
    def rank(self) -> int:
        """How likely it stays open: kept ones before opened ones before those without a hold."""
        return 2 if self.keepers else 1 if self.openers else 0


class Hold(Generic[S]):
    """One keeper of a session; :meth:`release` ends it, on the loop where it began."""

    def __init__(self, hub: Hub[S], entry: _LoopEntry[S], session: S) -> None:
        self._hub = hub
        self._entry: _LoopEntry[S] | None = entry
        self.session = session

    async def release(self, *, close: bool = False) -> None:
        """Release the session; idempotent. It is closed if that was requested meanwhile, and there is no other hold.

        Args:
            close: request it.
        """
        entry, self._entry = self._entry, None
        if entry is not None:
            entry.keepers -= 1
            entry.leaving = entry.leaving or close
            if entry.leaving:
                await self._hub._close_unless_used(entry)


class Hub(Generic[S]):
    """The sessions of one app, one per event loop that opened one.

    Args:
        open_session: makes and opens a session on the running loop.
        seconds: how long a call waits for that.
    """

    def __init__(
        self, open_session: Callable[[], Coroutine[Any, Any, S]], seconds: Callable[[], float] = lambda: DEFAULT_S
    ) -> None:
        self._open_session = open_session
        self._seconds = seconds
        self._start_again()
        _hubs.add(self)

    def _start_again(self) -> None:
        self._entries: dict[int, _LoopEntry[S]] = {}
        self._lock = threading.Lock()

    # ---- calls ----

    async def call(self, fn: Callable[[S], Coroutine[Any, Any, T]]) -> T:
        """Run ``fn`` with a session, on the loop that owns the session. It may run again if that loop ends.

        Raises:
            StoreUnavailable: the store cannot be opened, or every loop that had opened it ended meanwhile.
        """
        loop = asyncio.get_running_loop()
        entry = self._entries.get(id(loop))
        if entry is not None and entry.session is not None and entry.loop is loop:
            # As _call_at does, which would add a frame for every job.
            entry.calls += 1
            try:
                return await fn(entry.session)
            finally:
                entry.calls -= 1
                if entry.leaving and not entry.calls:
                    await self._close_unless_used(entry)
        ended: list[Loop] = []
        while len(ended) < _MOST_OWNERS:
            owner = self._running_owner(ended)
            if owner is None or owner is loop:
                entry = await self._opened_soon()
                return await self._call_at(entry, _session_of(entry), fn)
            answer = await self._forward(fn, owner)
            if answer is not None:
                return answer.result()
            ended.append(owner)
        raise StoreUnavailable("every event loop that had opened the app ended during the call")

    async def _forward(self, fn: Callable[[S], Coroutine[Any, Any, T]], owner: Loop) -> asyncio.Future[T] | None:
        """Run ``fn`` on another loop and return its answer; None if that loop ended before."""
        forwarded = asyncio.run_coroutine_threadsafe(self.call(fn), owner)
        answer = asyncio.wrap_future(forwarded)
        try:
            while not answer.done():
                # A loop can end without cancelling what it was given last.
                await asyncio.wait([answer], timeout=LOOK_S)
                if not (answer.done() or owner.is_running()):
                    return None
        finally:
            answer.cancel()
        return None if answer.cancelled() else answer

    async def _call_at(self, entry: _LoopEntry[S], session: S, fn: Callable[[S], Coroutine[Any, Any, T]]) -> T:
        entry.calls += 1
        try:
            return await fn(session)
        finally:
            entry.calls -= 1
            if entry.leaving and not entry.calls:
                await self._close_unless_used(entry)

    def run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine for a thread that has no loop, and wait for it.

        Raises:
            WrongContext: a loop runs in this thread.
            StoreUnavailable: the loop that runs it ended, or does not turn.
        """
        refuse_inside_loop("a")
        return self._run_elsewhere(make)

    def _run_elsewhere(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return wait_for_loop(make, self._running_owner() or portal_loop())

    def open_session(self) -> S | None:
        """Return the session of the running loop, else one of another running loop, else None."""
        for loop in (asyncio._get_running_loop(), self._running_owner()):
            entry = self._entries.get(id(loop))
            if entry is not None and entry.session is not None:
                return entry.session
        return None

    async def any_session(self) -> S:
        """Return an open session, of whatever loop, for work on a connection of the caller's own."""
        return self.open_session() or await self.open_here()

    def any_session_sync(self) -> S:
        """The same for a thread; a loop may run in it: this waits once, for the portal to open it."""
        found = self.open_session()
        if found is not None:
            return found
        return wait_for_loop(self.open_here, portal_loop())

    def call_from_thread(self, fn: Callable[[S], Coroutine[Any, Any, T]]) -> T:
        """Run ``fn`` with a session and wait for it; a loop may run in this thread.

        If the session's loop is this thread's, waiting would block it forever: then the portal's session is used.
        """
        if asyncio._get_running_loop() is None:
            return self._run_elsewhere(lambda: self.call(fn))

        async def on_portal() -> T:
            return await fn(await self.open_here())

        return wait_for_loop(on_portal, portal_loop())

    # ---- lifetime ----

    async def open_here(self) -> S:
        """Return the session of the running loop; open it if necessary. The last closing of the app here ends it;
        callers that need it for longer :meth:`keep` it.
        """
        return _session_of(await self._opened_here())

    async def enter(self) -> S:
        """Open the app on the running loop: its session stays open at least until :meth:`leave`."""
        entry = await self._opened_here()
        entry.openers += 1
        entry.leaving = False
        return _session_of(entry)

    async def leave(self, *, for_all: bool = False) -> None:
        """Release one opening on the running loop; the last one there closes its session.

        On a loop without a session, those without a hold on other loops are closed.

        Args:
            for_all: close every session, held or not (a test's database is deleted).
        """
        loop = asyncio.get_running_loop()
        if for_all:
            await self._close_all(loop)
            return
        entry = self._entries.get(id(loop))
        if entry is None or entry.loop is not loop:
            await self._close_unheld()
            return
        entry.openers = max(0, entry.openers - 1)
        entry.leaving = not entry.openers
        await self._close_unless_used(entry)

    async def keep(self) -> Hold[S]:
        """Keep the session of the running loop open until the hold is released, whatever closes the app meanwhile."""
        entry = await self._opened_here()
        entry.keepers += 1
        return Hold(self, entry, _session_of(entry))

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[S]:
        """The same as a context; at its end a session that was not open before is closed."""
        close = self.open_session() is None
        hold = await self.keep()
        try:
            yield hold.session
        finally:
            await hold.release(close=close)

    def leave_from_thread(self, loop: Loop) -> None:
        """Release one opening on another thread's loop, if that still runs."""
        notice_fork()
        if id(loop) in self._entries and loop.is_running():
            wait_for_loop(self.leave, loop)

    def close_from_outside(self) -> None:
        """Close every session from a thread without a running loop, whatever state the loops are in."""
        with self._lock:
            entries = list(self._entries.values())
        for entry in entries:
            refuse_inside_loop("aclose")
            if entry.loop.is_running():
                asyncio.run_coroutine_threadsafe(self._close_entry(entry), entry.loop).result()
            elif not entry.loop.is_closed():
                entry.loop.run_until_complete(self._close_entry(entry))

    def suspend(self) -> dict[int, _LoopEntry[S]]:
        """Return the sessions and continue without them; :meth:`restore` ends that."""
        with self._lock:
            kept, self._entries = self._entries, {}
        return kept

    def restore(self, entries: dict[int, _LoopEntry[S]]) -> None:
        """Continue with sessions that were suspended."""
        with self._lock:
            self._entries = entries

    async def _opened_soon(self) -> _LoopEntry[S]:
        """Return the entry of the running loop, opened within the deadline; a longer opening continues for later calls.

        Raises:
            StoreUnavailable: it is not open yet.
        """
        entry = self._entry_here()
        if entry.session is None:
            if entry.opener is None or entry.opener.done():
                entry.opener = asyncio.create_task(self._open(entry), name="taskflow-open")
                entry.opener.add_done_callback(_notice)
            seconds = self._seconds()
            await asyncio.wait([entry.opener], timeout=seconds)
            if not entry.opener.done():
                raise too_late(seconds)
            entry.opener.result()
        return entry

    async def _opened_here(self) -> _LoopEntry[S]:
        entry = self._entry_here()
        await self._open(entry)
        return entry

    def _entry_here(self) -> _LoopEntry[S]:
        notice_fork()
        loop = asyncio.get_running_loop()
        with self._lock:
            entry = self._entries.get(id(loop))
            if entry is None or entry.loop is not loop:
                entry = self._entries[id(loop)] = _LoopEntry(loop)
        return entry

    async def _open(self, entry: _LoopEntry[S]) -> None:
        async with entry.opening:
            if entry.session is None:
                refuse_green_threads()
                session = await self._open_session()
                entry.guard = self._guard(entry, session)
                await anext(entry.guard)
                entry.session = session

    async def _guard(self, entry: _LoopEntry[S], session: S) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            entry.session = None
            with self._lock:
                if self._entries.get(id(entry.loop)) is entry:
                    del self._entries[id(entry.loop)]
            await session.close()

    async def _close_unless_used(self, entry: _LoopEntry[S]) -> None:
        """Close a session without a hold, now or at the end of the last call that uses it; on its loop."""
        if entry.held or entry.session is None:
            return
        if entry.calls:
            await entry.session.flush()
        # Another call may have begun meanwhile, and the last one may have closed it.
        if entry.abandoned:
            await self._close_entry(entry)

    async def _close_all(self, here: Loop) -> None:
        with self._lock:
            entries = list(self._entries.values())
        for entry in entries:
            if entry.loop is here:
                await self._close_entry(entry)
            elif entry.loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(self._close_entry(entry), entry.loop)
                await asyncio.wait([asyncio.wrap_future(closing)], timeout=_CLOSE_S)

    async def _close_unheld(self) -> None:
        with self._lock:
            entries = [entry for entry in self._entries.values() if not entry.held and entry.loop.is_running()]
        for entry in entries:
            entry.leaving = True
            closing = asyncio.run_coroutine_threadsafe(self._close_unless_used(entry), entry.loop)
            # A blocked loop closes it once it runs again.
            await asyncio.wait([asyncio.wrap_future(closing)], timeout=_CLOSE_S)

    @staticmethod
    async def _close_entry(entry: _LoopEntry[S]) -> None:
        async with entry.opening:
            if entry.guard is not None:
                await entry.guard.aclose()

    def _running_owner(self, without: Sequence[Loop] = ()) -> Loop | None:
        """Return a loop that runs and has an open session, and forget loops that were closed from outside.

        If there are several, it is the one whose session is the most likely to stay: a loop of ``asyncio.run`` in some
        thread may end soon.
        """
        notice_fork()
        best: _LoopEntry[S] | None = None
        with self._lock:
            for key, entry in tuple(self._entries.items()):
                if entry.loop.is_closed():
                    del self._entries[key]
                    log.warning("the event loop that had opened the app was closed first: use `async with app`")
                elif entry.session is None or not entry.loop.is_running() or entry.loop in without:
                    continue
                elif best is None or entry.rank > best.rank:
                    best = entry
        return None if best is None else best.loop

    def _forget_all(self) -> None:
        """In a forked child: keep what was inherited alive and unused, and start with nothing."""
        keep_inherited(self._entries)
        self._start_again()


def _notice(opener: asyncio.Task[None]) -> None:
    """Retrieve an error for which all waiting callers may have been cancelled."""
    if not opener.cancelled():
        opener.exception()


def _session_of(entry: _LoopEntry[S]) -> S:
    if entry.session is None:
        raise StoreUnavailable("the app was closed while it was being opened: its event loop is ending")
    return entry.session


_hubs: weakref.WeakSet[Hub[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    for hub in tuple(_hubs):
        hub._forget_all()


on_fork(_after_fork)
