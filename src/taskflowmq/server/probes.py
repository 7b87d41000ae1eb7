"""The small server of a worker: liveness, readiness and metrics, behind the same gate as the API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from taskflowmq.core.errors import StoreUnavailable, TaskFlowError
from taskflowmq.ports.store import StoreStats
from taskflowmq.server.api.readiness import Readiness
from taskflowmq.server.api.services import READY_SECONDS, STATS_SECONDS, Cached, MetricsPage
from taskflowmq.server.edge import policy
from taskflowmq.server.edge.body import Receive
from taskflowmq.server.edge.gate import Gate, Scope, Send, send_body
from taskflowmq.server.edge.problems import NotReady, Problem
from taskflowmq.server.settings import ServerSettings

_OK = b'{"status":"ok"}'
_TEXT = b"text/plain; version=0.0.4; charset=utf-8"


def create_probes(
    working: Callable[[], Awaitable[bool]],
    stats: Callable[[], Awaitable[StoreStats]],
    metrics: MetricsPage,
    settings: ServerSettings,
) -> Gate:
    """Return the ASGI application with /health/live, /health/ready and /metrics.

    Args:
        working: tells whether jobs are being claimed.
        stats: the store's counts.
        metrics: writes the metrics page.
        settings: whose keys guard /metrics, and how long the store has to answer.
    """
    return Gate(_Probes(working, stats, metrics, settings), None, settings)


class _Probes:
    def __init__(
        self,
        working: Callable[[], Awaitable[bool]],
        stats: Callable[[], Awaitable[StoreStats]],
        metrics: MetricsPage,
        settings: ServerSettings,
    ) -> None:
        self._ask = working
        self._ask_stats = stats
        # Failures are kept as well: during an outage clients must not cause more queries than at other times.
        self._working = Cached(self._outcome, READY_SECONDS)
        self._stats = Cached(self._counts, STATS_SECONDS)
        self._writing = asyncio.Lock()
        self._metrics = metrics
        self._readiness = Readiness(self._ready, settings.ready_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        match scope["path"]:
            case policy.LIVE_PATH:
                await send_body(send, 200, _OK, b"application/json")
            case policy.READY_PATH:
                await self._readiness.check()
                await send_body(send, 200, _OK, b"application/json")
            case policy.METRICS_PATH:
                await send_body(send, 200, await self._page(), _TEXT)
            case _:
                raise Problem(404, "not_found", "This address serves /health/live, /health/ready and /metrics")

    async def _ready(self) -> None:
        outcome = await self._working.get()
        if isinstance(outcome, TaskFlowError):
            raise outcome
        if not outcome:
            detail = "No child claims jobs: the worker starts, drains, or cannot reach its store; see its log"
            raise NotReady("not_working", detail)

    async def _outcome(self) -> bool | TaskFlowError:
        try:
            return await self._ask()
        except TaskFlowError as error:
            return error

    async def _counts(self) -> tuple[StoreStats | None]:
        try:
            return (await self._ask_stats(),)
        except StoreUnavailable:
            return (None,)

    async def _page(self) -> bytes:
        (stats,) = await self._stats.get()
        async with self._writing:  # a large page takes a second: beside the loop, and one at a time
            return await asyncio.to_thread(self._metrics.page, stats)


async def _lifespan(receive: Any, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
