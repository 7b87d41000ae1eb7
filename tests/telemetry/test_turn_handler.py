"""Lines of a busy loop are flushed together, and none is held back longer than a turn."""

from __future__ import annotations

import asyncio
import io
import logging

from taskflowmq.telemetry.logs import TurnHandler


class CountingStream(io.StringIO):
    flushes = 0

    def flush(self) -> None:
        self.flushes += 1


def handler_on(stream: CountingStream) -> logging.Logger:
    logger = logging.Logger("turns")  # noqa: LOG001 - one per test, known to nobody else
    logger.addHandler(TurnHandler(stream))
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
