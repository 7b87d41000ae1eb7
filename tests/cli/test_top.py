"""``taskflow top``."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import struct
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.conftest import Cli
from tests.mortal import mortal

from taskflowmq.cli import top
from taskflowmq.cli.output import duration, rate
from taskflowmq.cli.top_frame import Facts, frame, shares
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.ports.store import QueueView
from taskflowmq.ports.store.workers import WorkerView
from taskflowmq.wire.queue import Activity

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
COLOURS = re.compile(r"\x1b\[\d*m")


def facts(*, queues: int = 0, workers: Sequence[WorkerView] = ()) -> Facts:
    """Facts of a store with so many queues."""
    views = [
        (
            QueueView(tenant="default", name=f"queue-{n:02}", states={"pending": n}, oldest_ready_age=float(n)),
            Activity(),
        )
        for n in range(queues)
    ]
    return Facts(AT, "sqlite:///jobs.db", workers, views, None, (), ())


def worker(ended: timedelta | None = None, **info: Any) -> WorkerView:
    """A worker whose lease is over at :data:`AT` plus 30 s."""
    return WorkerView(
        id=UUID(int=1),
        supervisor=UUID(int=2),
        host="box",
        pid=7,
        version="1",
        started_at=AT,
        lease_until=AT + timedelta(seconds=30),
        ended_at=None if ended is None else AT + ended,
        info=b'{"concurrency": 50}',
        running=3,
        **info,
    )


def text(lines: Sequence[str]) -> list[str]:
    """Lines without colours."""
    return [COLOURS.sub("", line) for line in lines]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6), st.integers(0, 120))
def test_tables_share_the_lines_there_are(wanted: list[int], room: int) -> None:
    given_lines = shares(wanted, room)
    assert all(0 <= lines <= most for lines, most in zip(given_lines, wanted, strict=True))
    assert sum(given_lines) == min(room, sum(wanted))
    if room >= 4 * len(wanted):
        assert all(lines >= min(most, 4) for lines, most in zip(given_lines, wanted, strict=True))


@pytest.mark.parametrize(("width", "height"), [(40, 10), (80, 24), (200, 60)])
def test_a_frame_is_no_larger_than_its_terminal(width: int, height: int) -> None:
    lines = text(frame(facts(queues=40, workers=[worker()]), width, height, problem="no answer " * 20))
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert "TaskFlow  sqlite:///jobs.db  2026-01-31 12:00:00Z"[:39] in lines[0]


def test_what_does_not_fit_is_counted() -> None:
    lines = text(frame(facts(queues=40), 120, 24))
    shown = sum(line.startswith("queue-") for line in lines)
    assert f"and {40 - shown} more" in lines
    assert 1 < shown < 40


def test_only_workers_that_are_there_or_were_lost_are_shown_and_counted() -> None:
    living, ended, lost = worker(), worker(timedelta(seconds=1)), worker(timedelta(seconds=31))
    lines = text(frame(facts(workers=[living, ended, lost]), 200, 60))
    assert "busy 3/50 slots of 1 worker" in lines[1]
    assert [line.split()[2] for line in lines if line.startswith("box")] == ["living", "lost"]


def test_what_is_not_known_is_a_dash_and_an_empty_table_a_sentence() -> None:
    lines = text(frame(facts(), 200, 60))
    assert lines[1] == "ended -   failing -   wait p95 -   oldest ready -   busy 0/0 slots of 0 workers"
    assert "No workers: start one with taskflow worker" in lines


def test_once_shows_queues_and_running_jobs(cli: Cli) -> None:
    cli("enqueue", "test", '{"message": "hi"}', "--queue", "mail")
    cli("queues", "pause", "mail", "--reason", "moving")
    shown = cli("top", "--once").out
    (line,) = [line for line in shown.splitlines() if line.startswith("mail")]
    assert line.split()[:3] == ["mail", "paused", "1"]
    assert "moving" in line
    found = cli("top", "--once", "--json").json
    assert [queue["name"] for queue in found["queues"]] == ["mail"]
    assert found["workers"] == found["running"] == found["failing"] == []
    assert cli("top").out.count("TaskFlow  ") == 1  # no terminal: once


async def test_an_outage_leaves_the_old_figures_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[Facts, str | None]] = []
    answers: list[Facts | StoreUnavailable] = [facts(), StoreUnavailable("the server is away"), facts(queues=1)]
    enough = asyncio.Event()

    async def read(app: Any) -> Facts:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def draw(shown: Facts, problem: str | None) -> None:
        drawn.append((shown, problem))
        if not answers:
            enough.set()

    monkeypatch.setattr(top, "read", read)
    monkeypatch.setattr(top, "_draw", draw)
    watching = asyncio.create_task(top._watch(None, 0.001, as_json=False))
    await enough.wait()
    watching.cancel()
    assert [(len(shown.queues), problem) for shown, problem in drawn] == [
        (0, None),
        (0, "the server is away"),
        (1, None),
    ]


@pytest.mark.slow
def test_on_a_terminal_it_draws_until_q_and_gives_the_screen_back(cli: Cli, url: str) -> None:
    import fcntl
    import termios

    cli("enqueue", "test", '{"message": "hi"}', "--queue", "mail")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(theirs)
    command = mortal([sys.executable, "-m", "taskflowmq.cli", "top", "--interval", "0.5"])
    program = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TASKFLOW_DATABASE_URL": url}
    )
    seen = b""
    while seen.count(b"\x1b[H") < 2:  # it draws again
        seen += os.read(ours, 65_536)
    os.write(ours, b"q")
    assert program.wait(30) == 0
    os.set_blocking(ours, False)
    seen += os.read(ours, 65_536)
    assert termios.tcgetattr(theirs) == before
    os.close(theirs)
    os.close(ours)
    assert seen.startswith(b"\x1b[?1049h")
    assert seen.rstrip().endswith(b"\x1b[?25h\x1b[?1049l")
    assert b"mail" in seen


@pytest.mark.parametrize(
    ("per_second", "shown"),
    [
        (None, None),
        (0, "0/s"),
        (1284.4, "1284/s"),
        (3.21, "3.2/s"),
        (0.5, "0.5/s"),
        (0.04, "2.4/min"),
        (0.001, "3.6/h"),
    ],
)
def test_a_rate_has_a_unit_in_which_it_can_be_read(per_second: float | None, shown: str | None) -> None:
    assert rate(per_second) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, None),
        (0.0084, "8.4 ms"),
        (0.84, "840 ms"),
        (3.21, "3.2 s"),
        (248, "4 m 08 s"),
        (7500, "2 h 05 m"),
        (273_600, "3 d 04 h"),
    ],
)
def test_a_duration_is_as_long_as_it_matters(seconds: float | None, shown: str | None) -> None:
    assert duration(seconds) == shown
