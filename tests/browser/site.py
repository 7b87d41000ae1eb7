"""A real server with an app of a few tasks, and jobs in every state that can be had without waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, NamedTuple

from taskflowmq import Context, Discard, Handle, TaskFlow
from taskflowmq.server.app import create_app
from taskflowmq.server.run import ApiServer, base_url, bind
from taskflowmq.server.settings import ServerSettings
from taskflowmq.telemetry.prometheus import PrometheusTelemetry
from taskflowmq.testing import adrain


class Site(NamedTuple):
    """A server and its app."""

    url: str
    app: TaskFlow


def make_app(database_url: str) -> TaskFlow:
    """Return an app whose tasks end well, badly, later, or when they are told to."""
    app = TaskFlow(database_url, telemetry=PrometheusTelemetry(), store_timeout=60)

    @app.task(name="report.render", queue="reports")
    async def render(month: str, pages: int = 1) -> dict[str, Any]:
        """Render a report."""
        return {"month": month, "pages": pages}

    @app.task(name="webhook.deliver", queue="webhooks")
    async def deliver(ctx: Context, url: str, body: dict[str, Any]) -> None:
        ctx.log.info("\x1b[1mPOST\x1b[0m %s", url, extra={"lines": len(body)})
        ctx.log.error("\x1b[31mconnection refused\x1b[0m after 3 tries")
        raise ConnectionError(f"{url} refused the connection")

    @app.task(name="mail.send", queue="mail")
    async def send(to: str, subject: str = "") -> None:
        raise Discard("the address is not in use")

    @app.task(name="video.encode", queue="video")
    async def encode(ctx: Context, source: str) -> None:
        """Run until the job is cancelled."""
        ctx.progress(0.4, "frame 40 of 100")
        for frame in count(1):
            ctx.log.info("frame %d", frame)
            await asyncio.sleep(0.1)  # its work

    return app


@asynccontextmanager
async def served(app: TaskFlow, *, port: int = 0, **settings: Any) -> AsyncIterator[Site]:
    """Serve an open app in this process, on a port of its own unless one is given."""
    assert isinstance(app.telemetry, PrometheusTelemetry)
    sock = bind("127.0.0.1", port)
    given = ServerSettings(**{"playground": True, **settings})
    server = ApiServer(create_app(app, given, metrics_page=app.telemetry), sock)
    running = asyncio.create_task(server.run_until_stopped())
    await server.ready.wait()
    try:
        yield Site(base_url(sock), app)
    finally:
        server.stop()
        await running


@asynccontextmanager
async def working(app: TaskFlow, *queues: str) -> AsyncIterator[None]:
    """Run the jobs of these queues, or of all, in this process; those that still run at the end are given back."""
    worker = app.worker(concurrency=4, queues=queues, run_duties=False)
    await worker.start()
    try:
        yield
    finally:
        await worker.drain(timeout=0.1)


async def names_of(job: Handle[Any]) -> dict[str, str]:
    """Return what addresses of pages name: a job, its queue, and the group of errors that it is dead of."""
    view = await job.ajob()
    return {"job": str(job.id), "queue": view.queue, "error": view.fingerprint or ""}


async def seed(app: TaskFlow) -> Handle[Any]:
    """Store jobs, let some end, and return one that died."""
    for month in range(1, 13):
        await app.asend("report.render", {"month": f"2026-{month:02}", "pages": month})
    body = {"order": 9_007_199_254_740_993, "note": "<b>ünïcode</b>", "lines": list(range(40))}
    dead = await app.asend("webhook.deliver", {"url": "https://hooks.example/orders", "body": body}, max_attempts=1)
    await app.asend("webhook.deliver", {"url": "https://hooks.example/refunds", "body": {"order": 7}})
    await app.asend("mail.send", {"to": "ada@example.com", "subject": "Hello"})
    await adrain(app)
    for number in range(30):
        await app.asend("mail.send", {"to": f"user-{number}@example.com"}, delay=3600 * (1 + number))
        await app.asend("report.render", {"month": "2027-01"}, tags=["monthly"], priority=number % 3)
    return dead
