"""Servers with a live feed, on both engines."""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from tests.server.conftest import declare, listening

from taskflowmq import TaskFlow

Serve = Callable[..., Any]
#: Nothing here is encrypted: to read the certificates of the authorities takes each client 30 ms.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.slow])])
def url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated store without a row, on either engine."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
async def make_app(url: str) -> AsyncIterator[Callable[..., Any]]:
    """Open apps on the store; each stands for another process, with connections of its own."""
    async with AsyncExitStack() as stack:

        async def make(**options: Any) -> TaskFlow:
            made = TaskFlow(url, store_timeout=60, **options)
            declare(made)
            return await stack.enter_async_context(made)

        yield make


@pytest.fixture
async def app(make_app: Callable[..., Any]) -> TaskFlow:
    """The app that is served."""
    made: TaskFlow = await make_app()
    return made


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve apps on sockets, and give clients of them."""
    async with AsyncExitStack() as stack:

        async def start(app: TaskFlow, headers: dict[str, str] | None = None, **settings: Any) -> httpx.AsyncClient:
            address = await stack.enter_async_context(listening(app, **settings))
            limits = httpx.Limits(max_connections=None)
            client = httpx.AsyncClient(base_url=address, headers=headers, limits=limits, timeout=30, verify=PLAIN)
            return await stack.enter_async_context(client)

        yield start


@pytest.fixture
async def client(app: TaskFlow, serve: Serve) -> httpx.AsyncClient:
    """A client of a server of the app."""
    made: httpx.AsyncClient = await serve(app)
    return made


@pytest.fixture
async def probed(app: TaskFlow, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the served app's probes were asked what."""
    found: Counter[str] = Counter()
    probes = app.store.probes
    for name in ("revision", "probe_jobs", "probe_page"):
        ask = getattr(probes, name)

        async def counted(*args: Any, name: str = name, ask: Any = ask) -> Any:
            found[name] += 1
            return await ask(*args)

        monkeypatch.setattr(probes, name, counted)
    return found
