"""One real app over a real SQLite file, served without a socket (``client``) or with one (``live``)."""

from __future__ import annotations

import asyncio
import gzip
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskflowmq import Discard, TaskFlow
from taskflowmq.server.app import create_app
from taskflowmq.server.dashboard.files import Files
from taskflowmq.server.edge.gate import Gate
from taskflowmq.server.run import ApiServer, base_url, bind
from taskflowmq.server.settings import ServerSettings
from taskflowmq.telemetry.prometheus import PrometheusTelemetry

#: A compressed file of a build.
GZIPPED = gzip.compress(b"plain script", mtime=0)
KEY = "k7Qw2-mZ9_vR4tY8uB1nC6xL3pD5sF0aHgJe"


def declare(app: TaskFlow) -> None:
    """Give an app the tasks that the tests ask for."""

    @app.task(name="greet", queue="greetings", timeout=30)
    async def greet(name: str, times: int = 1) -> str:
        return f"hello {name}" * times

    @app.task(name="anything")
    async def anything(value: Any = None) -> Any:
        return value

    @app.task(name="hopeless")
    async def hopeless() -> None:
        raise Discard("no chance")


def new_app(folder: Path) -> TaskFlow:
    """Make an app on a SQLite file of its own."""
    made = TaskFlow(f"sqlite:///{folder}/jobs.db", telemetry=PrometheusTelemetry(), store_timeout=60)  # it may be busy
    declare(made)
    return made


@pytest.fixture
async def app(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[TaskFlow]:
    """An open app on its own SQLite file."""
    shutil.copyfile(sqlite_template, tmp_path / "jobs.db")
    async with new_app(tmp_path) as made:
        yield made


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as a build of the dashboard leaves it."""
    return write_build(tmp_path / "built")


def write_build(folder: Path) -> Path:
    """Write what a build of the dashboard writes, in small."""
    (folder / "assets").mkdir(parents=True)
    page = (Path(__file__).parents[2] / "dashboard" / "index.html").read_text()
    (folder / "index.html").write_text(page.replace("./src/main.tsx", "./assets/app-1a2b3c4d.js"))
    (folder / "theme.js").write_text("theme")
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "preloads.json").write_text('{"jobs": ["assets/jobs-9c0d1e2f.js"]}')
    for name in ("app-1a2b3c4d.js", "app-5e6f7a8b.css"):
        (folder / "assets" / name).write_text("plain script")
        (folder / "assets" / f"{name}.gz").write_bytes(GZIPPED)
        (folder / "assets" / f"{name}.br").write_text("br script")  # nothing here reads it
    return folder


@asynccontextmanager
async def started(gate: Gate) -> AsyncIterator[None]:
    """Run the ASGI lifespan of an application, as a server does."""
    to_app: asyncio.Queue[Any] = asyncio.Queue()
    from_app: asyncio.Queue[Any] = asyncio.Queue()
    running = asyncio.create_task(gate({"type": "lifespan", "asgi": {"version": "3.0"}}, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    assert (await from_app.get())["type"] == "lifespan.startup.complete"
    try:
        yield
    finally:
        await to_app.put({"type": "lifespan.shutdown"})
        assert (await from_app.get())["type"] == "lifespan.shutdown.complete"
        await running


@asynccontextmanager
async def connected(app: TaskFlow, peer: str = "127.0.0.1", **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Serve an open app without a socket, and give a client of it."""
    metrics = app.telemetry
    assert isinstance(metrics, PrometheusTelemetry)
    files = settings.pop("files", None)
    gate = create_app(app, ServerSettings(**settings), metrics_page=metrics, files=files)
    transport = httpx.ASGITransport(app=gate, client=(peer, 50_000), raise_app_exceptions=True)
    async with started(gate), httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


Connect = Callable[..., Any]


@pytest.fixture
async def connect(app: TaskFlow, built: Path) -> AsyncIterator[Connect]:
    """Make clients of servers with chosen settings, over no socket; the peer's address can be chosen too."""
    async with AsyncExitStack() as stack:

        async def make(peer: str = "127.0.0.1", **settings: Any) -> httpx.AsyncClient:
            return await stack.enter_async_context(connected(app, peer, **{"files": Files(built), **settings}))

        yield make


@pytest.fixture(params=["fast", "framework"])
async def client(connect: Connect, request: pytest.FixtureRequest) -> httpx.AsyncClient:
    """A client of a server without keys; each test runs with both ways to store a job."""
    made: httpx.AsyncClient = await connect(fast_intake=request.param == "fast")
    return made


@pytest.fixture
async def reader(connect: Connect) -> httpx.AsyncClient:
    """The same where it makes no difference how jobs are stored."""
    made: httpx.AsyncClient = await connect()
    return made


@asynccontextmanager
async def listening(app: TaskFlow, **settings: Any) -> AsyncIterator[str]:
    """Serve an app on a real socket, and give the address."""
    sock = bind("127.0.0.1", 0)
    files = settings.pop("files", None)
    server = ApiServer(create_app(app, ServerSettings(**settings), files=files), sock)
    running = asyncio.create_task(server.run_until_stopped())
    await server.ready.wait()
    yield base_url(sock)
    server.stop()
    await running


@pytest.fixture
async def live(app: TaskFlow, built: Path) -> AsyncIterator[str]:
    """The address of a server on a real socket."""
    async with listening(app, body_seconds=60.0, files=Files(built)) as url:
        yield url


@pytest.fixture
async def hasty(app: TaskFlow) -> AsyncIterator[str]:
    """The address of a server that waits half a second for a body."""
    async with listening(app, body_seconds=0.5) as url:
        yield url


@pytest.fixture
def stored(app: TaskFlow) -> Callable[[], Any]:
    """Count the jobs in the store."""

    async def count() -> int:
        return sum((await app.jobs.astats()).states.values())

    return count
