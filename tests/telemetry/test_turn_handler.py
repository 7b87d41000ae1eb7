"""Lines of a busy loop are flushed together, and none is held back longer than a turn."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import logging
from uuid import UUID

from taskflowmq.ports.telemetry import JobLine
from taskflowmq.telemetry.logs import JsonFormatter, TextFormatter, TurnHandler
from taskflowmq.worker.settling.job_lines import log_jobs


class CountingStream(io.StringIO):
    flushes = 0

    def flush(self) -> None:
        self.flushes += 1


class Messages(TextFormatter):
    """Messages alone."""

    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage()


def handler_on(stream: CountingStream) -> logging.Logger:
    logger = logging.Logger("turns")  # noqa: LOG001 - one per test, known to nobody else
    logger.addHandler(TurnHandler(stream, Messages()))
    return logger


async def test_a_burst_is_one_flush_at_the_end_of_the_turn() -> None:
    stream = CountingStream()
    logger = handler_on(stream)
    for number in range(100):
        logger.info("line %d", number)
    assert stream.getvalue() == ""
    await asyncio.sleep(0)
    assert stream.flushes == 1
    assert len(stream.getvalue().splitlines()) == 100


async def test_a_warning_takes_what_waits_along_at_once() -> None:
    stream = CountingStream()
    logger = handler_on(stream)
    logger.info("before")
    logger.warning("now")
    assert stream.flushes == 1


def test_without_a_loop_every_line_is_flushed() -> None:
    stream = CountingStream()
    logger = handler_on(stream)
    logger.info("one")
    logger.info("two")
    assert stream.flushes == 2


class FullStream(CountingStream):
    """A file on a disk that is full for a while."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


async def test_a_stream_that_takes_nothing_costs_lines_and_nothing_else() -> None:
    stream = FullStream()
    logger = handler_on(stream)
    logger.info("lost at the end of the turn")
    await asyncio.sleep(0)
    logger.warning("lost at once")
    stream.full = False
    logger.handlers[0].flush()
    logger.warning("through")
    assert stream.getvalue().splitlines() == ["up to 2 log lines were lost", "through"]
    logger.warning("again")
    assert stream.getvalue().splitlines()[2:] == ["again"]


async def test_each_line_of_a_lost_batch_counts() -> None:
    stream = FullStream()
    logger = handler_on(stream)
    logger.handlers[0].setFormatter(JsonFormatter())
    line = JobLine(logging.INFO, "job completed", UUID(int=7), "email", "mail", 1, "completed", 12.5)
    log_jobs(logger, [line] * 3)
    await asyncio.sleep(0)
    stream.full = False
    logger.warning("through")
    said = [json.loads(text)["message"] for text in stream.getvalue().splitlines()]
    assert said == ["up to 3 log lines were lost", "through"]


async def test_a_batch_that_cannot_be_written_fails_nobody() -> None:
    stream = CountingStream()
    logger = handler_on(stream)
    logger.handlers[0].setFormatter(JsonFormatter())
    # The message of an unknown level has no word.
    log_jobs(logger, [JobLine(11, "job completed", UUID(int=7), "email", "mail", 1, "completed", 12.5)] * 2)
    logger.warning("through")
    said = [json.loads(text)["message"] for text in stream.getvalue().splitlines()]
    assert said == ["up to 2 log lines were lost", "through"]


def test_a_closed_stream_fails_nobody() -> None:
    stream = CountingStream()
    logger = handler_on(stream)
    stream.close()
    logger.error("nobody reads this")
