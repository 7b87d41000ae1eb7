"""A server that ends accepts no more, answers what is in progress, and waits for that for a bounded time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest
from tests.server.wire import dialled, everything, head, statuses

from taskflowmq import TaskFlow
from taskflowmq.server import run
from taskflowmq.server.app import create_app
from taskflowmq.server.run import ApiServer, base_url, bind
from taskflowmq.server.settings import ServerSettings
from taskflowmq.testing.waiting import wait_until

BODY = json.dumps({"task": "greet", "args": {"name": "Ada"}}).encode()
HEAD = head(
    "POST /api/v1/jobs HTTP/1.1",
    ("Host: localhost", "Content-Type: application/json", f"Content-Length: {len(BODY)}"),
)


class Ending:
    """A server with a request whose body has not come, and that is told to end."""

    def __init__(self, app: TaskFlow) -> None:
        sock = bind("127.0.0.1", 0)
        self.url = base_url(sock)
        self.server = ApiServer(create_app(app, ServerSettings(body_seconds=60.0)), sock)
        self.running = asyncio.create_task(self.server.run_until_stopped())

    async def begun(self, writer: asyncio.StreamWriter) -> None:
        """Send the head of a request, and end the server when it has come."""
        writer.write(HEAD)
        await wait_until(lambda: bool(self.server.server_state.tasks))
        self.server.stop()


@pytest.fixture
async def ending(app: TaskFlow) -> AsyncIterator[Ending]:
    """A server on a socket."""
    made = Ending(app)
    await made.server.ready.wait()
    yield made
    made.server.stop()
    await made.running


async def test_a_request_in_progress_is_answered_and_no_other_is_accepted(ending: Ending) -> None:
    async with dialled(ending.url) as (reader, writer), dialled(ending.url) as (idle, _):
        await ending.begun(writer)
        assert await everything(idle) == b"", "a connection without a request is closed"
        with pytest.raises(OSError, match=r"refused|reset|Connect"):
            async with dialled(ending.url):
                pass
        assert not ending.running.done()
        writer.write(BODY)
        assert statuses(await everything(reader)) == [201]
        await ending.running


async def test_a_request_that_does_not_end_in_time_is_cancelled_and_told(
    ending: Ending, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(run, "GRACE_SECONDS", 0.05)
    with caplog.at_level(logging.WARNING, "taskflowmq.server"):
        async with dialled(ending.url) as (reader, writer):
            await ending.begun(writer)
            await ending.running
            assert b"201" not in await everything(reader)
    assert "cancelling requests that did not end within 0.05 s of the stop: 1" in caplog.text
