"""A few seconds of random shapes; `make fuzz` sends more."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from tests.fuzz.http_shapes import Report, check, run, shape

from taskflowmq import TaskFlow
from taskflowmq.server.app import create_app
from taskflowmq.server.run import bind, serving


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """The port of a server on a SQLite file of its own."""
    app = TaskFlow(f"sqlite:///{tmp_path}/jobs.db")

    @app.task(name="anything")
    async def anything() -> None:
        """Do nothing."""

    async with app, serving(create_app(app), bind("127.0.0.1", 0)) as url:
        port = urlsplit(url).port
        assert port is not None
        yield port


@pytest.mark.slow
async def test_random_shapes_are_answered_sanely(port: int, caplog: pytest.LogCaptureFixture) -> None:
    before = psutil.Process().memory_info().rss
    report = await asyncio.to_thread(run, port, 4.0, random.randrange(2**32))
    assert report.cases > 10
    assert report.statuses[400] > 0
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert psutil.Process().memory_info().rss - before < 100 * 1024 * 1024


def test_a_seed_sends_the_same_again() -> None:
    assert shape(random.Random("7/1")) == shape(random.Random("7/1"))
    assert shape(random.Random("7/1")) != shape(random.Random("7/2"))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Internal Server Error\r\n\r\n",
        b"garbage",
        b"HTTP/1.1 400 Bad Request\r\n\r\nTraceback (most recent call last)",
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 500 Internal Server Error\r\n\r\n",
    ],
)
def test_a_wrong_answer_is_noticed(answer: bytes) -> None:
    with pytest.raises(AssertionError, match="case 1"):
        check(answer, b"", "seed 0, case 1", Report())
