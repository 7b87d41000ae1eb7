"""What is said of the process that runs a duty."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from taskflowmq.scheduler.here import this_process


@pytest.mark.parametrize(
    ("argv", "program"),
    [
        (["/usr/bin/taskflow", "worker", "shop.jobs:app"], "taskflow worker"),
        (["/lib/site-packages/taskflowmq/cli/__main__.py", "scheduler"], "taskflow scheduler"),
        (["/usr/bin/taskflow", "--database-url=postgresql://ada:secret@db/x"], "taskflow"),
        (["/srv/venv/bin/gunicorn", "secret"], "gunicorn"),
        (["/lib/site-packages/shop/__main__.py", "secret"], "shop"),
        (["-c", "secret"], "python"),
        ([""], "python"),
        ([], "python"),
    ],
)
def test_a_program_is_named_without_its_arguments(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], program: str
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    here = this_process()
    assert (here.host, here.pid, here.program) == (socket.gethostname(), os.getpid(), program)
