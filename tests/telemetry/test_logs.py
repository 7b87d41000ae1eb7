"""One record, one line; no secret, no control character, whatever is logged (S24, S25)."""

from __future__ import annotations

import io
import json
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from taskflowmq.telemetry.logs import JsonFormatter, TextFormatter, configure_logging

GOLDEN = Path(__file__).parent / "golden"
CREATED = 1_795_327_200.123456
NASTY = ["a\r\nb", "\x1b[31mred\x1b[0m", "line\u2028separator", "next\x85line", "bell\x07", "nul\x00", "flip\u202etxt"]


def _record(message: str = "job completed", *args: Any, level: int = logging.INFO, **extra: Any) -> logging.LogRecord:
    record = logging.LogRecord("taskflowmq.worker", level, __file__, 1, message, args, None)
    record.created = CREATED
    record.__dict__.update(extra)
    return record


def _failed() -> logging.LogRecord:
    def fail(password: str) -> None:
        raise ValueError(f"could not log in with password={password}")

    secret = "-".join(["hunter2"] * 2)
    try:
        fail(secret)
    except ValueError:
        record = _record("the body failed", level=logging.ERROR, task="email")
        record.exc_info = sys.exc_info()
        return record
    raise AssertionError


def _golden_records() -> list[logging.LogRecord]:
    return [
        _record(job_id=UUID(int=7), task="email", queue="mail", attempt=2, ms=12.5),
        _record("connected to %s", "postgresql://user:s3cret@db/app", level=logging.WARNING),
        _record("header Authorization: Bearer abcdefghijklmnop was refused", level=logging.DEBUG, api_key="abc"),
        _record("forged\n2026-01-01 INFO fine", task="x\u2028y", nested={"token": "t", "count": 1, "other": object()}),
    ]


@pytest.mark.parametrize(("name", "formatter"), [("logs.jsonl", JsonFormatter()), ("logs.txt", TextFormatter())])
def test_lines_look_as_agreed(name: str, formatter: logging.Formatter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    lines = [formatter.format(record) for record in _golden_records()]
    assert "\n".join([*lines, ""]) == (GOLDEN / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_no_field_can_end_the_line_or_steer_a_terminal(nasty: str, formatter: logging.Formatter) -> None:
    record = _record(nasty, task=nasty, **{nasty: nasty})
    record.name = nasty
    line = formatter.format(record)
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    if isinstance(formatter, JsonFormatter):
        assert json.loads(line)["message"] == nasty


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_an_error_brings_its_traceback_without_secrets(formatter: logging.Formatter) -> None:
    text = formatter.format(_failed())
    assert "could not log in with password=[redacted]" in text
    assert "test_logs.py" in text
    assert "hunter2-hunter2" not in text


@pytest.mark.parametrize(
    "text",
    [
        "password=SeCrEt99",
        'json {"api_key": "SeCrEt99"}',
        "Authorization: Bearer SeCrEt99SeCrEt99",
        "redis://:SeCrEt99@host/0",
        "https://user:SeCrEt99@host/path",
        "client_secret='SeCrEt99'",
        "token: SeCrEt99",
    ],
)
def test_what_looks_like_a_secret_is_replaced(text: str) -> None:
    for formatter in (JsonFormatter(), TextFormatter()):
        assert "SeCrEt99" not in formatter.format(_record(text))
        assert "SeCrEt99" not in formatter.format(_record("said %s", text))
        assert "SeCrEt99" not in formatter.format(_record("x", detail=text))


def test_an_object_is_never_shown_by_its_repr() -> None:
    class Arguments:
        def __repr__(self) -> str:
            return "Arguments(password='x')"

    assert json.loads(JsonFormatter().format(_record(value=Arguments())))["value"] == "<Arguments>"


def test_an_error_without_text_is_still_logged() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    record = _record("failed")
    record.exc_info = (Mute, Mute(), None)
    assert "Mute" in json.loads(JsonFormatter().format(record))["error"]["message"]


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.mark.usefixtures("restored")
def test_logs_are_json_where_no_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    configure_logging("auto", "warning", out)
    logging.getLogger("taskflowmq.test").info("quiet")
    logging.getLogger("taskflowmq.test").warning("loud", extra={"queue": "mail"})
    (line,) = out.getvalue().splitlines()
    assert json.loads(line)["queue"] == "mail"


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_terminal_gets_colour_unless_told_not_to(no_color: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("NO_COLOR", no_color)
    out = Terminal()
    configure_logging("auto", "info", out)
    logging.getLogger("taskflowmq.test").info("hello")
    assert ("\x1b[" in out.getvalue()) is (no_color == "")
    assert "hello" in out.getvalue()


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_no_field_takes_long_however_large_it_is(formatter: logging.Formatter) -> None:
    text = "token=" * 200_000
    nested: dict[str, Any] = {}
    nested["again"] = nested
    record = _record(
        "greeting: %s", text, text=text, many=[text] * 1_000, fields=dict.fromkeys(map(str, range(10_000)), 1)
    )
    record.__dict__["endless"] = nested
    record.exc_info = (ValueError, ValueError(text), None)
    began = time.thread_time()
    line = formatter.format(record)
    assert time.thread_time() - began < 1.0
    assert len(line) < 2_000_000


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_a_lone_surrogate_costs_no_line(formatter: logging.Formatter) -> None:
    line = formatter.format(_record("file \udcff is missing", name_of_file="\udcff"))
    assert "is missing" in line
    line.encode()
