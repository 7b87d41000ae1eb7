"""Exchanges the application behind a server that goes on: no connection is refused, and no request is lost.

What must stay true: a request is answered by the application that it reached, however long that takes; the new one
takes requests only when it is ready, and the old one ends only when its last answer is complete.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any

from taskflowmq.server.edge.body import Receive
from taskflowmq.server.edge.gate import Gate, Scope, Send

#: How long answers of an application that is exchanged may take, in seconds.
LAST_ANSWERS_S = 30.0

log = logging.getLogger("taskflowmq.server")


class _Life:
    """The lifespan of an application, which a server would give it."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._to: asyncio.Queue[Any] = asyncio.Queue()
        self._from: asyncio.Queue[Any] = asyncio.Queue()
        self._running: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Start the application; raise what kept it from that."""
        self._running = asyncio.create_task(
            self._gate({"type": "lifespan", "asgi": {"version": "3.0"}}, self._to.get, self._from.put),
            name="taskflow-lifespan",
        )
        await self._ask("startup")

    async def end(self) -> None:
        """Stop the application."""
        await self._ask("shutdown")
        if self._running is not None:
            await self._running

    async def _ask(self, phase: str) -> None:
        await self._to.put({"type": f"lifespan.{phase}"})
        answer = await self._from.get()
        if answer["type"] != f"lifespan.{phase}.complete" and self._running is not None:
            await self._running  # it raises


class Switch(Gate):
    """The application that a server sees: another one at a time.

    Args:
        first: the first one, not started.
    """

    def __init__(self, first: Gate) -> None:
        self.prefix = first.prefix
        self._current = first
        self._life = _Life(first)
        self._active: Counter[Gate] = Counter()
        self._idle = asyncio.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of ASGI."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        gate = self._current
        self._active[gate] += 1
        try:
            await gate(scope, receive, send)
        finally:
            self._active[gate] -= 1
            if gate is not self._current:
                async with self._idle:
                    self._idle.notify_all()

    def busy(self, gate: Gate) -> int:
        """Return how many requests an application answers now."""
        return self._active[gate]

    async def drain(self) -> None:
        """End the answers that do not end by themselves."""
        await self._current.drain()

    async def to(self, gate: Gate) -> None:
        """Serve another application from now on; return when the one before has answered and stopped."""
        life = _Life(gate)
        await life.begin()
        old, old_life = self._current, self._life
        self._current, self._life = gate, life
        await old.drain()
        try:
            async with asyncio.timeout(LAST_ANSWERS_S), self._idle:
                await self._idle.wait_for(lambda: self.busy(old) == 0)
        except TimeoutError:
            log.warning("%d answers were cut off: they took longer than %g s", self.busy(old), LAST_ANSWERS_S)
        del self._active[old]
        await old_life.end()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._life.begin()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._life.end()
        await send({"type": "lifespan.shutdown.complete"})
