"""The blocking twins: ``enqueue`` is ``aenqueue`` run on another thread's event loop.

One daemon thread per process, the portal, runs a loop for callers that have none. It starts with the first blocking
call, is forgotten in a forked child (threads do not survive a fork), and closes the stores opened on it at exit.

Twins are derived, never written: :class:`sync_twin` wraps the coroutine function and keeps its types.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from taskflowmq.client.forks import keep_inherited, notice_fork, on_fork
from taskflowmq.client.threads import refuse_green_threads
from taskflowmq.core.errors import StoreUnavailable, WrongContext
from taskflowmq.ports.helpers import in_thread

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Owner = TypeVar("Owner")

#: How long the end of the process waits for pools and files to be closed, in seconds.
_EXIT_TIMEOUT_S = 5.0
#: How often a waiting thread checks that the loop which must answer it still runs, in seconds.
LOOK_S = 2.0
#: A loop that has not begun a call for this long, in seconds, is blocked.
_BEGIN_S = 20.0


class Runner(Protocol):
    """The part of its object that a twin uses: it runs a coroutine for a thread and waits for it."""

    def run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the right loop and return what it returns."""
        ...


class sync_twin(Generic[Owner, P, R]):  # noqa: N801 - used like a decorator
    """The blocking form of a coroutine method, for classes that have a ``_hub`` (a :class:`Runner`).

    Write ``enqueue = sync_twin(aenqueue)`` in the class body, below the method.
    """

    def __init__(self, method: Callable[Concatenate[Owner, P], Coroutine[Any, Any, R]]) -> None:
        self._method = method
        first = (method.__doc__ or "").partition("\n")[0]
        self.__doc__ = f"Blocking twin of ``{method.__name__}``: {first}"

    @overload
    def __get__(self, obj: None, owner: type) -> sync_twin[Owner, P, R]: ...

    @overload
    def __get__(self, obj: Any, owner: type) -> Callable[P, R]: ...

    def __get__(self, obj: Any, owner: type) -> Any:
        """Return the blocking function for one object."""
        if obj is None:
            return self
        method, name = self._method, self._method.__name__

        def twin(*args: P.args, **kwargs: P.kwargs) -> R:
            refuse_inside_loop(name)
            runner: Runner = obj._hub
            return runner.run(lambda: method(obj, *args, **kwargs))

        twin.__name__ = name.removeprefix("a")
        twin.__doc__ = self.__doc__
        return twin


def refuse_inside_loop(name: str) -> None:
    """Raise :class:`WrongContext` if a loop runs in this thread: a blocking call would block every task on it."""
    if asyncio._get_running_loop() is not None:
        raise WrongContext(f"{name.removeprefix('a')}() would block the running event loop: write `await …{name}(…)`")


class _Helpers(ThreadPoolExecutor):
    """Helper threads of the portal's loop for blocking calls: names of hosts, files, the end of other threads.

    The executors of the interpreter refuse every call once the main thread has ended, while other threads, the rest of
    a pool and exit hooks still enqueue. These do not: each call has a daemon thread of its own.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a call in a new thread."""
        return in_thread(fn, *args, **kwargs)


class Portal:
    """An event loop in a daemon thread, for programs that have none."""

    def __init__(self) -> None:
        try:
            self.loop = asyncio.new_event_loop()
        except OSError as error:  # no descriptor left
            raise StoreUnavailable(f"no event loop can be made for blocking calls: {error}") from error
        self.loop.set_default_executor(_Helpers())
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="taskflow-portal", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            self.loop.close()
            raise StoreUnavailable(f"no thread can be started for blocking calls: {error}") from None
        if not started.wait(_BEGIN_S):
            raise StoreUnavailable(f"the thread that runs blocking calls did not start within {_BEGIN_S:g} s")

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.call_soon(started.set)
        self.loop.run_forever()

    def stop(self) -> None:
        """Close the stores opened on the loop (see hub.py), then end the thread."""
        closing = asyncio.run_coroutine_threadsafe(self.loop.shutdown_asyncgens(), self.loop)
        try:
            closing.result(_EXIT_TIMEOUT_S)
        except TimeoutError:
            # Every enqueue that returned is committed; only the disconnect from an unreachable database hangs.
            log.warning(
                "the store did not close within %g s; the process exits without waiting longer", _EXIT_TIMEOUT_S
            )
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_EXIT_TIMEOUT_S)
        if not self._thread.is_alive():
            self.loop.close()


_lock = threading.Lock()
_portal: Portal | None = None


def portal_loop() -> asyncio.AbstractEventLoop:
    """Return the running loop of this process's portal; start it if necessary."""
    global _portal
    notice_fork()
    _refuse_finalizers()
    with _lock:
        if _portal is None:
            refuse_green_threads()
            _portal = Portal()
        return _portal.loop


def _refuse_finalizers() -> None:
    """Raise StoreUnavailable if no other thread will ever run again: a wait for one would never end."""
    if sys.is_finalizing():
        raise StoreUnavailable("the interpreter is shutting down: no other thread runs, so nothing can be stored")


def wait_for_loop(make: Callable[[], Coroutine[Any, Any, T]], loop: asyncio.AbstractEventLoop) -> T:
    """Run a coroutine on another thread's loop and wait for it, for as long as that loop runs.

    Raises:
        StoreUnavailable: the loop ended, or has not begun the call in 20 seconds.
    """
    _refuse_finalizers()
    begun = False

    async def begin() -> T:
        nonlocal begun
        begun = True
        return await make()

    future = asyncio.run_coroutine_threadsafe(begin(), loop)
    waited = 0.0
    try:
        while True:
            try:
                return future.result(LOOK_S)
            except TimeoutError:
                if future.done():  # the time-out is the coroutine's own, or the answer came with ours
                    return future.result()
            waited += LOOK_S
            if not loop.is_running():
                raise StoreUnavailable("the event loop that had opened the app ended during the call")
            if not begun and waited >= _BEGIN_S:
                raise StoreUnavailable(
                    f"the event loop that had opened the app has not run for {waited:g} s: a call blocks it"
                )
    except BaseException as error:
        # Ctrl-C while waiting: a call without a caller should not keep the loop busy.
        future.cancel()
        if isinstance(error, CancelledError) and not loop.is_running():
            raise StoreUnavailable("the event loop that had opened the app ended during the call") from None
        raise


def _after_fork() -> None:
    global _portal, _lock
    _lock = threading.Lock()
    if _portal is not None:
        keep_inherited(_portal)
        _portal = None


def _at_exit() -> None:
    global _portal
    with _lock:
        portal, _portal = _portal, None
    if portal is not None:
        portal.stop()


# Not earlier: threads that outlive the main one, pools that end their work, and exit hooks registered after this import
# still use the portal.
atexit.register(_at_exit)
on_fork(_after_fork)
