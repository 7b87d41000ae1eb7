"""What is kept of what a job logs: the last lines of a ring, the first and the last of an attempt, and no secret."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.job_logs import (
    FIRST_LINES,
    MAX_FIELDS,
    MAX_MESSAGE,
    MOST_BYTES,
    MOST_LINES,
    RING_BYTES,
    RING_LINES,
    AttemptLog,
    JobLogs,
    Level,
    Line,
    LogCursor,
    keeps,
    line_of,
    read_cursor,
)
from taskflowmq.core.transitions import (
    Crashed,
    Discarded,
    Failed,
    HandedBack,
    Invalid,
    Outcome,
    Snoozed,
    Stopped,
    Succeeded,
    TimedOut,
)

INFO = 20


def filled(lines: int, text: str = "x") -> AttemptLog:
    log = AttemptLog()
    for n in range(lines):
        log.add(Line(INFO, text), float(n))
    return log


def seqs(lines: list[Any]) -> list[int]:
    return [line.seq for line in lines]


def test_a_ring_holds_the_last_lines_and_their_numbers_show_what_is_missing() -> None:
    log = filled(RING_LINES + 7)
    assert len(log) == RING_LINES
    assert seqs(log.take(3)) == [8, 9, 10]
    log.shrink(2)
    assert seqs(log.take(10)) == [RING_LINES + 6, RING_LINES + 7]
    assert log.take(10) == []


def test_a_ring_holds_no_more_bytes_than_it_may_but_its_last_line() -> None:
    log = filled(100, "x" * 1_000)
    kept = log.take(1_000)
    assert seqs(kept)[-1] == 100
    assert RING_BYTES - 2_000 < sum(one.line.size for one in kept) <= RING_BYTES
    assert len(filled(3, "x" * RING_BYTES).take(10)) == 1


def test_lines_that_were_skipped_elsewhere_are_counted() -> None:
    log = AttemptLog()
    log.add(Line(INFO, "a"), 0)
    log.add(Line(INFO, "b", None, 5), 0)
    assert seqs(log.take(9)) == [1, 7]


def test_lines_that_are_given_back_come_first_again() -> None:
    log = filled(5)
    log.give_back(log.take(3))
    assert seqs(log.take(9)) == [1, 2, 3, 4, 5]


@given(st.lists(st.tuples(st.integers(1, 150), st.sampled_from([0, 300, 8_000])), max_size=60))
def test_of_an_attempt_its_first_and_its_last_lines_are_stored(batches: list[tuple[int, int]]) -> None:
    log, stored = AttemptLog(), dict[int, int]()
    written = 0
    for count, size in batches:
        for _ in range(count):
            log.add(Line(INFO, "x" * size), 0)
        written += count
        taken = log.take(1_000)
        low, high = log.store(taken)
        stored |= {one.seq: one.line.size for one in taken}
        stored = {seq: size for seq, size in stored.items() if not low < seq < high}
        assert len(stored) <= MOST_LINES
        assert sum(stored.values()) <= MOST_BYTES + RING_BYTES
        assert max(stored) == written  # the last line is always there
        assert seqs(taken)[-1] == written
    if written and all(count <= RING_LINES and not size for count, size in batches):
        assert set(range(1, min(written, FIRST_LINES) + 1)) <= stored.keys()


@pytest.mark.parametrize(
    ("outcome", "kept"),
    [
        (Succeeded(), False),
        (Snoozed(5), False),
        (HandedBack(), False),
        (Failed(b"{}"), True),
        (TimedOut(b"{}"), True),
        (Crashed(), True),
        (Discarded(b"{}"), True),
        (Invalid(b"{}"), True),
        (Stopped(by_handler=False), True),
    ],
)
def test_an_attempt_keeps_its_lines_if_it_does_not_end_well_or_runs_long(outcome: Outcome, kept: bool) -> None:
    assert keeps(outcome, 0.1, JobLogs.AUTO) is kept
    assert keeps(outcome, 2.0, JobLogs.AUTO)
    assert keeps(outcome, 0.0, JobLogs.ALL)


def test_secrets_and_what_no_store_can_hold_do_not_get_into_a_line() -> None:
    extra = {
        "password": "hunter2",
        "note": "token=abc\x00",
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "thing": object(),
        "ratio": float("nan"),
        "many": [1, {"deep": "\ud800"}],
        "huge": 2**100,
    }
    line = line_of(30, "login with password=hunter2 \x00\ud800 \x1b[31mred", extra, "Trace\n  api_key=xyz")
    assert line.message == "login with password=[redacted] \ufffd? \x1b[31mred"
    assert line.fields is not None
    found = msgspec.json.decode(line.fields)
    assert found == {
        "password": "[redacted]",
        "note": "token=[redacted]",
        "at": "2026-01-02 00:00:00+00:00",
        "thing": "<object>",
        "ratio": "nan",
        "many": [1, {"deep": "?"}],
        "huge": hex(2**100),
        "exception": "Trace\n  api_key=[redacted]",
    }


def test_a_long_line_is_cut_and_its_fields_are_left_out_by_name() -> None:
    line = line_of(INFO, "m" * 20_000, {"a": "x" * 8_000, "b": "y" * 8_000, "c": "z" * 8_000}, "t" * 20_000)
    assert (len(line.message), line.size <= MAX_MESSAGE + MAX_FIELDS + 100) == (MAX_MESSAGE, True)
    assert line.fields is not None
    found = msgspec.json.decode(line.fields)
    assert (found["left_out"], len(found["exception"])) == (["a", "b", "c"], MAX_MESSAGE)


def test_levels_lie_between_the_numbers_of_logging() -> None:
    assert [Level.of(number) for number in (0, 10, 25, 30, 41, 99)] == [
        Level.DEBUG,
        Level.DEBUG,
        Level.INFO,
        Level.WARNING,
        Level.ERROR,
        Level.CRITICAL,
    ]
    assert [level.number for level in Level] == [10, 20, 30, 40, 50]


def test_a_cursor_comes_back_from_its_text_and_nothing_else_does() -> None:
    assert read_cursor(str(LogCursor(3, 17))) == LogCursor(3, 17)
    for text in ("", "3", "3.", ".7", "a.b", "-1.2", "1.2.3", "1.-2", "².1", f"{2**31}.1", f"1.{2**63}"):
        with pytest.raises(ValueError, match="next"):
            read_cursor(text)
