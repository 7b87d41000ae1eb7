"""The store as a simulated process sees it: every call stops at the gate until the simulation decides what becomes of
it.

Wake-ups do not go through the stores' notifiers: the simulation passes them on, or loses them, itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

from tests.simulation.loop import Process, VirtualLoop
from tests.simulation.model import Listening

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import QueueRef


class Call:
    """One store call on its way."""

    def __init__(self, process: Process, what: tuple[str, str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.process = process
        self.what = what
        self.args = args
        self.kwargs = kwargs
        self.asked = 0.0
        #: Whoever waits; None when nobody does (any more).
        self.future: asyncio.Future[Any] | None = None
        #: The answer, or the error, that is on its way back.
        self.reply: Any = None

    @property
    def name(self) -> str:
        """``part.method``."""
        return ".".join(self.what)

    @property
    def orphan(self) -> bool:
        """Whether nobody waits for the answer."""
        return self.future is None or self.future.done() or self.process.dead

    def deliver(self, reply: Any) -> None:
        """Hand the answer, or the error, to who waits."""
        if self.orphan or self.future is None:
            return
        if isinstance(reply, BaseException):
            self.future.set_exception(reply)
        else:
            self.future.set_result(reply)


class _Part:
    """One part of the store (claims, jobs …): every method asks at the gate."""

    def __init__(self, gate: Gate, name: str) -> None:
        self._gate, self._name = gate, name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        async def ask(*args: Any, **kwargs: Any) -> Any:
            return await self._gate.ask((self._name, method), args, kwargs)

        return ask


class Gate:
    """A store for one process.

    Args:
        process: whose calls these are.
        submit: takes a call, to be answered some time.
        on_wake: takes a wake-up, which may arrive.
    """

    url = "simulated://"

    def __init__(
        self,
        process: Process,
        loop: VirtualLoop,
        submit: Callable[[Call], None],
        on_wake: Callable[[Collection[QueueRef]], None],
    ) -> None:
        self._process, self._loop, self._submit, self._on_wake = process, loop, submit, on_wake
        self.closed = False
        self.listeners: list[Listening] = []
        self.intake, self.claims, self.workers = _Part(self, "intake"), _Part(self, "claims"), _Part(self, "workers")
        self.jobs, self.queues, self.stats = _Part(self, "jobs"), _Part(self, "queues"), _Part(self, "stats")
        self.upkeep, self.schema, self.probes = _Part(self, "upkeep"), _Part(self, "schema"), _Part(self, "probes")
        self.history, self.bulks, self.views = _Part(self, "history"), _Part(self, "bulks"), _Part(self, "views")
        self.logs, self.audit, self.errors = _Part(self, "logs"), _Part(self, "audit"), _Part(self, "errors")
        self.inspections = _Part(self, "inspections")
        self.notifier = self

    async def ask(self, what: tuple[str, str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Send a call and wait for its answer."""
        if self.closed:
            raise StoreUnavailable("the simulation has ended")
        call = Call(self._process, what, args, kwargs)
        call.asked = self._loop.time()
        call.future = self._loop.create_future()
        self._submit(call)
        return await call.future

    async def wake(self, queues: Collection[QueueRef]) -> None:
        """Pass a wake-up on, maybe."""
        self._on_wake(queues)

    @asynccontextmanager
    async def listen(
        self, tenants: Collection[str], queues: Collection[str]
    ) -> AsyncIterator[AsyncIterator[QueueRef | None]]:
        """Hear wake-ups."""
        listening = Listening(tenants, queues)
        self.listeners.append(listening)
        try:
            yield _Heard(listening.inbox)
        finally:
            self.listeners.remove(listening)

    def hear(self, queue: QueueRef) -> None:
        """A wake-up arrives."""
        for listening in self.listeners:
            listening.hear(queue)

    async def open(self) -> None:
        """Opening is part of the first call."""

    async def close(self) -> None:
        """Nothing is kept open here."""

    async def ping(self) -> float:
        """Always well."""
        return 0.0


class _Heard:
    """Wake-ups, one by one. Not a generator: a process that is killed in the middle leaves nothing to finalise."""

    def __init__(self, inbox: asyncio.Queue[QueueRef]) -> None:
        self._inbox = inbox

    def __aiter__(self) -> _Heard:
        return self

    async def __anext__(self) -> QueueRef:
        return await self._inbox.get()
