"""Which event loop owns an app's store, and how everybody else reaches it.

Pools and sockets belong to the loop that opened them. The rule:

* ``async with app`` / ``await app.aopen()`` opens a session on the running loop.
* A call on a loop that has a session uses it. A call from anywhere else (another loop, a thread) is forwarded
  to a running loop that has one, so a handler in a thread enqueues through its worker's connections.
* If nobody has one, a session is opened where the call is: on the running loop, or, for blocking calls, on
  the portal thread of :mod:`taskflowmq.client.sync`.
* A session ends with :meth:`Hub.close`, or by itself when ``asyncio.run`` ends its loop: each is guarded by
  an asynchronous generator, and ending those is the last thing that a loop does.
* A forked child starts with no session.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

from taskflowmq.client.sync import keep_inherited, portal_loop, refuse_inside_loop
from taskflowmq.core.errors import StoreUnavailable

log = logging.getLogger(__name__)


class Closable(Protocol):
    """A session: something that is opened on one loop and closed there."""

    async def close(self) -> None:
        """Finish what is under way and disconnect; idempotent."""
        ...


S = TypeVar("S", bound=Closable)
T = TypeVar("T")
Loop = asyncio.AbstractEventLoop


class _Place(Generic[S]):
    """A session on its loop, open or being opened."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.session: S | None = None
        self.opening = asyncio.Lock()
        self.guard: AsyncGenerator[None, None] | None = None


class Hub(Generic[S]):
    """The sessions of one app, one per event loop that opened one.

    Args:
        open_session: makes and opens a session on the running loop.
    """

    def __init__(self, open_session: Callable[[], Coroutine[Any, Any, S]]) -> None:
        self._open_session = open_session
        self._start_again()
        _hubs.add(self)

    def _start_again(self) -> None:
        self._places: dict[int, _Place[S]] = {}
        self._lock = threading.Lock()

    async def call(self, fn: Callable[[S], Coroutine[Any, Any, T]]) -> T:
        """Run ``fn`` with a session, on the loop that owns the session.

        Raises:
            StoreUnavailable: the store cannot be opened, or its loop ended meanwhile.
        """
        loop = asyncio.get_running_loop()
        place = self._places.get(id(loop))
        if place is not None and place.session is not None and place.loop is loop:
            return await fn(place.session)
        owner = self._running_owner()
        if owner is None or owner is loop:
            return await fn(await self.open_here())
        forwarded = asyncio.run_coroutine_threadsafe(self.call(fn), owner)
        try:
            return await asyncio.wrap_future(forwarded)
        except asyncio.CancelledError:
            if forwarded.cancelled() and owner.is_closed():
                raise StoreUnavailable("the event loop that had opened the app ended during the call") from None
            raise

    def run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine for a thread that has no loop, and wait for it.

        Raises:
            WrongContext: a loop runs in this thread.
        """
        refuse_inside_loop("a")
        return self._run_elsewhere(make)

    def _run_elsewhere(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        future = asyncio.run_coroutine_threadsafe(make(), self._running_owner() or portal_loop())
        try:
            return future.result()
        except BaseException:
            # Ctrl-C while waiting: whoever waits for nothing any more should not keep the loop busy.
            future.cancel()
            raise

    def open_session(self) -> S | None:
        """Return the session of the running loop, else one of another running loop, else None."""
        for loop in (asyncio._get_running_loop(), self._running_owner()):
            place = self._places.get(id(loop))
            if place is not None and place.session is not None:
                return place.session
        return None

    async def any_session(self) -> S:
        """Return an open session, of whatever loop, for work on a connection of the caller's own."""
        return self.open_session() or await self.open_here()

    def any_session_sync(self) -> S:
        """The same for a thread; a loop may run in it: this waits once, for the portal to open it."""
        found = self.open_session()
        if found is not None:
            return found
        return asyncio.run_coroutine_threadsafe(self.open_here(), portal_loop()).result()

    def call_from_thread(self, fn: Callable[[S], Coroutine[Any, Any, T]]) -> T:
        """Run ``fn`` with a session and wait for it; a loop may run in this thread.

        Waiting for the loop of this thread would be waiting for ourselves: then the portal's session does it.
        """
        if asyncio._get_running_loop() is None:
            return self._run_elsewhere(lambda: self.call(fn))

        async def on_portal() -> T:
            return await fn(await self.open_here())

        return asyncio.run_coroutine_threadsafe(on_portal(), portal_loop()).result()

    async def open_here(self) -> S:
        """Return the session of the running loop; open it if need be."""
        loop = asyncio.get_running_loop()
        with self._lock:
            place = self._places.get(id(loop))
            if place is None or place.loop is not loop:
                place = self._places[id(loop)] = _Place(loop)
        async with place.opening:
            if place.session is None:
                session = await self._open_session()
                place.guard = self._guard(place, session)
                await anext(place.guard)
                place.session = session
            return place.session

    async def _guard(self, place: _Place[S], session: S) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            place.session = None
            with self._lock:
                if self._places.get(id(place.loop)) is place:
                    del self._places[id(place.loop)]
            await session.close()

    async def close(self) -> None:
        """Close every session, each on its own loop; the next call opens a new one."""
        here = asyncio.get_running_loop()
        with self._lock:
            places = list(self._places.values())
        for place in places:
            if place.loop is here:
                await self._close_place(place)
            elif place.loop.is_running():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._close_place(place), place.loop))

    def close_from_outside(self) -> None:
        """Close every session from a place where this thread runs no loop, whatever state the loops are in."""
        with self._lock:
            places = list(self._places.values())
        for place in places:
            refuse_inside_loop("aclose")
            if place.loop.is_running():
                asyncio.run_coroutine_threadsafe(self._close_place(place), place.loop).result()
            elif not place.loop.is_closed():
                place.loop.run_until_complete(self._close_place(place))

    def set_aside(self) -> dict[int, _Place[S]]:
        """Return the sessions and go on without them; :meth:`put_back` ends that."""
        with self._lock:
            kept, self._places = self._places, {}
        return kept

    def put_back(self, places: dict[int, _Place[S]]) -> None:
        """Go on with sessions that were set aside."""
        with self._lock:
            self._places = places

    @staticmethod
    async def _close_place(place: _Place[S]) -> None:
        async with place.opening:
            if place.guard is not None:
                await place.guard.aclose()

    def _running_owner(self) -> Loop | None:
        """Return a loop that runs and has an open session, and forget those that were closed without us."""
        with self._lock:
            for key, place in tuple(self._places.items()):
                if place.loop.is_closed():
                    del self._places[key]
                    log.warning("the event loop that had opened the app was closed first: use `async with app`")
                elif place.session is not None and place.loop.is_running():
                    return place.loop
        return None

    def _forget_all(self) -> None:
        """In a forked child: keep what was inherited alive and unused, and start with nothing."""
        keep_inherited(self._places)
        self._start_again()


_hubs: weakref.WeakSet[Hub[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    for hub in tuple(_hubs):
        hub._forget_all()


os.register_at_fork(after_in_child=_after_fork)
