"""An event loop with a virtual clock, single-threaded and deterministic, that can kill and stop what runs on it.

The real workers, duties and clients run on it unchanged. It belongs to the simulation: nothing happens unless the
simulation calls :meth:`VirtualLoop.turn` or :meth:`VirtualLoop.advance`. Everything that is scheduled knows its process
by a context variable, so a process can be killed (its callbacks are dropped, not even its ``finally`` runs, as with
kill -9) or stopped (its callbacks wait until it is woken, and its timers are late, as with SIGSTOP).
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

#: One turn may not run more callbacks than this: something spins without ever waiting.
MOST_CALLBACKS = 100_000


class Process:
    """Something that can be killed or stopped as a whole."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.stopped = False
        #: What became due while it was stopped.
        self.late: list[Scheduled] = []

    @property
    def runs(self) -> bool:
        """Whether it neither died nor stands still."""
        return not self.dead and not self.stopped


current: contextvars.ContextVar[Process | None] = contextvars.ContextVar("simulated_process", default=None)


class Scheduled:
    """A callback that will run; what ``call_soon`` and ``call_at`` return."""

    __slots__ = ("_args", "_at", "_callback", "_cancelled", "context")

    def __init__(self, at: float, callback: Callable[..., object], args: tuple[Any, ...], context: Any) -> None:
        self._at = at
        self._callback = callback
        self._args = args
        self._cancelled = False
        self.context: contextvars.Context = context or contextvars.copy_context()

    def cancel(self) -> None:
        self._cancelled = True

    def cancelled(self) -> bool:
        return self._cancelled

    def when(self) -> float:
        return self._at

    @property
    def process(self) -> Process | None:
        """Whose it is."""
        return self.context.get(current)

    def run(self) -> None:
        self.context.run(self._callback, *self._args)


class VirtualLoop(asyncio.AbstractEventLoop):
    """The loop. Time is seconds since it was made, and stands still unless it is advanced."""

    def __init__(self) -> None:
        self._now = 0.0
        self.turning = False
        self._order = itertools.count()
        self._ready: deque[Scheduled] = deque()
        self._timers: list[tuple[float, int, Scheduled]] = []
        #: Errors that nobody handled: defects of what runs here.
        self.errors: list[str] = []
        #: Nothing else refers to what a dead process waits for.
        self._held: set[asyncio.Task[Any]] = set()

    # -- what asyncio asks of a loop

    def time(self) -> float:
        return self._now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        item = Scheduled(self._now, callback, args, context)
        self._ready.append(item)
        return item

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Any, *args: Any, context: Any = None
    ) -> Any:
        return self.call_soon(callback, *args, context=context)

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Any, *args: Any, context: Any = None
    ) -> Any:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> Any:
        item = Scheduled(when, callback, args, context)
        heapq.heappush(self._timers, (when, next(self._order), item))
        return item

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Any = None) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        self._held.add(task)
        return task

    def get_task_factory(self) -> None:
        return None

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(f"{context.get('message')}: {context.get('exception')!r}")

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.call_exception_handler(context)

    # -- what the simulation asks of it

    def start(self, process: Process, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine as part of a process."""
        context = contextvars.copy_context()
        context.run(current.set, process)
        return self.create_task(coro, context=context)

    def turn(self) -> None:
        """Run until everybody waits. Inside a turn it does nothing: the turn goes on anyway."""
        if self.turning:
            return
        self.turning = True
        asyncio._set_running_loop(self)
        try:
            for _ in range(MOST_CALLBACKS):
                if not self._ready:
                    return
                self._run(self._ready.popleft())
            raise AssertionError(f"something spins: {self._ready[0]._callback!r}")
        finally:
            self.turning = False
            asyncio._set_running_loop(None)

    def _run(self, item: Scheduled) -> None:
        process = item.process
        if item.cancelled():
            return
        if process is not None and not process.runs:
            # Of a dead one nothing runs any more; it is kept only for :meth:`unwind`.
            process.late.append(item)
            return
        item.run()

    def next_timer(self) -> float | None:
        """Return when the next living timer is due."""
        while self._timers:
            at, _, item = self._timers[0]
            process = item.process
            if item.cancelled() or (process is not None and process.dead):
                heapq.heappop(self._timers)
            elif process is not None and process.stopped:
                heapq.heappop(self._timers)
                process.late.append(item)
            else:
                return at
        return None

    def advance(self, to: float) -> None:
        """Move time and run what is due on the way, each at its own time."""
        while (at := self.next_timer()) is not None and at <= to:
            self._now = max(self._now, at)
            self._ready.append(heapq.heappop(self._timers)[2])
            self.turn()
        self._now = max(self._now, to)

    def stop_process(self, process: Process) -> None:
        """SIGSTOP."""
        process.stopped = True

    def wake_process(self, process: Process) -> None:
        """SIGCONT: what became due meanwhile runs now, timers that lie ahead wait for their time."""
        process.stopped = False
        late, process.late = process.late, []
        for item in sorted(late, key=Scheduled.when):
            if item.when() <= self._now:
                self._ready.append(item)
            else:
                heapq.heappush(self._timers, (item.when(), next(self._order), item))
        self.turn()

    def hold(self) -> None:
        """Keep all tasks for :meth:`unwind`: those of a process that dies run no more, and must not be collected."""
        self._held |= asyncio.all_tasks(self)

    def unwind(self, processes: list[Process]) -> None:
        """End every task properly, dead ones included: at the end of a simulation nothing may be left half-run."""
        for process in processes:
            process.dead = process.stopped = False
            self._ready.extend(process.late)
            process.late = []
        pending: set[asyncio.Task[Any]] = set()
        for _ in range(200):
            # All there are: a worker makes tasks of a kind of its own, past the loop.
            pending = asyncio.all_tasks(self)
            if not pending:
                return
            for task in pending:
                task.cancel()
            self.turn()
        raise AssertionError(f"tasks that cannot be ended: {list(pending)[:3]!r}")


class ProcessClock:
    """The clock of one process (a ``ports.clock.Clock``): the loop's time, and a wall clock that may be wrong."""

    def __init__(self, loop: VirtualLoop, now: Callable[[], Any]) -> None:
        self._loop = loop
        self.now = now

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
