"""Lines of attempts look the same, whether a batch is written at once or record by record."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from uuid import UUID

import pytest

from taskflowmq.ports.telemetry import JobLine, LineError
from taskflowmq.telemetry.logs import JsonFormatter, TextFormatter, TurnHandler
from taskflowmq.worker.settling.job_lines import log_jobs

ERROR = LineError("ValueError", "why\x1b[2J\u202e\x9b", "File é.py\n  line 3")
LINES = [
    JobLine(logging.INFO, "job completed", UUID(int=7), "email", "mail", 1, "completed", 12.5),
    JobLine(
        logging.ERROR, "job dead: say 8: ValueError: why", UUID(int=8), 'say "hi"', "mail/é", 3, "dead", 0.0, ERROR
    ),
    JobLine(logging.INFO, "job snoozed", UUID(int=9), "poll", "mail", 2, "snoozed", 1_234.5),
]


class Plain(logging.StreamHandler[io.StringIO]):
    """A handler of somebody else: it gets records."""


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.getLogger("taskflowmq.tests.lines")
    made.propagate = False
    made.setLevel(logging.INFO)
    yield made
    made.handlers.clear()
    made.filters.clear()


def without_time(text: str) -> list[str]:
    return [re.sub(r'^(\{"time":"[^"]*"|\S+)', "", line) for line in text.splitlines()]


@pytest.mark.parametrize("style", [JsonFormatter(), TextFormatter(), TextFormatter(colour=True)])
def test_both_ways_write_the_same_lines(logger: logging.Logger, style: JsonFormatter | TextFormatter) -> None:
    at_once, one_by_one = io.StringIO(), io.StringIO()
    logger.addHandler(TurnHandler(at_once, style))
    log_jobs(logger, LINES)
    logger.handlers.clear()
    plain = Plain(one_by_one)
    plain.setFormatter(style)
    logger.addHandler(plain)
    log_jobs(logger, LINES)
    assert without_time(at_once.getvalue()) == without_time(one_by_one.getvalue())
    assert len(at_once.getvalue().splitlines()) == len(LINES) + (0 if isinstance(style, JsonFormatter) else 2)


def test_a_line_holds_what_a_record_does(logger: logging.Logger) -> None:
    stream = io.StringIO()
    logger.addHandler(TurnHandler(stream, JsonFormatter()))
    log_jobs(logger, LINES[:1])
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "taskflowmq.tests.lines",
        "message": "job completed",
        "job_id": str(UUID(int=7)),
        "task": "email",
        "queue": "mail",
        "attempt": 1,
        "outcome": "completed",
        "ms": 12.5,
    }


def test_one_foreign_handler_makes_records_for_all(logger: logging.Logger) -> None:
    ours, theirs = io.StringIO(), io.StringIO()
    logger.addHandler(TurnHandler(ours, JsonFormatter()))
    logger.addHandler(Plain(theirs))
    log_jobs(logger, LINES)
    assert len(ours.getvalue().splitlines()) == len(LINES)
    assert theirs.getvalue().splitlines() == [
        f"job completed: email {UUID(int=7)}",
        "job dead: say 8: ValueError: why",
        f"job snoozed: poll {UUID(int=9)}",
    ]


def test_a_formatter_of_somebody_else_sees_every_record(logger: logging.Logger) -> None:
    stream = io.StringIO()
    handler = TurnHandler(stream, JsonFormatter())
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s %(task)s"))
    logger.addHandler(handler)
    log_jobs(logger, LINES[:1])
    assert stream.getvalue() == f"INFO job completed: email {UUID(int=7)} email\n"


@pytest.mark.parametrize("on_handler", [True, False])
def test_filters_see_every_line(logger: logging.Logger, on_handler: bool) -> None:
    stream = io.StringIO()
    handler = TurnHandler(stream, JsonFormatter())
    logger.addHandler(handler)
    (handler if on_handler else logger).addFilter(lambda record: record.levelno > logging.INFO)
    log_jobs(logger, LINES)
    assert [json.loads(line)["outcome"] for line in stream.getvalue().splitlines()] == ["dead"]


@pytest.mark.parametrize("on_handler", [True, False])
def test_levels_hold(logger: logging.Logger, on_handler: bool) -> None:
    stream = io.StringIO()
    handler = TurnHandler(stream, JsonFormatter())
    logger.addHandler(handler)
    (handler if on_handler else logger).setLevel(logging.WARNING)
    log_jobs(logger, LINES)
    assert [json.loads(line)["outcome"] for line in stream.getvalue().splitlines()] == ["dead"]


def test_nothing_is_written_where_nobody_listens(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    log_jobs(logger, LINES[:1])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("style", [JsonFormatter(), TextFormatter()])
def test_no_name_from_the_database_and_no_error_steers_a_terminal(
    logger: logging.Logger, style: JsonFormatter | TextFormatter
) -> None:
    nasty = "\x1b]0;taken\x07\x9b8m\u202egnp.exe\x7f\u2028end"
    stream = io.StringIO()
    logger.addHandler(TurnHandler(stream, style))
    error = LineError(nasty, nasty, nasty)
    log_jobs(logger, [JobLine(logging.ERROR, nasty, UUID(int=8), nasty, nasty, 3, "dead", 0.0, error)])
    assert stream.getvalue().replace("\n", "").isprintable()


def test_a_failed_attempt_says_why_in_both_formats(logger: logging.Logger) -> None:
    stream = io.StringIO()
    logger.addHandler(TurnHandler(stream, TextFormatter()))
    log_jobs(logger, LINES[1:2])
    first, *below = stream.getvalue().splitlines()
    assert first.endswith(f"{UUID(int=8)}  ValueError: why\\u001b[2J\\u202e\\u009b")
    assert below == ["    File é.py", "      line 3"]
    logger.handlers.clear()
    stream = io.StringIO()
    logger.addHandler(TurnHandler(stream, JsonFormatter()))
    log_jobs(logger, LINES[1:2])
    error = json.loads(stream.getvalue())["error"]
    assert error == {"type": ERROR.type, "message": ERROR.message, "traceback": ERROR.traceback}
