"""Which process this is, for who looks at the duties."""

from __future__ import annotations

import os
import socket
import sys
from functools import cache
from pathlib import PurePath

from taskflowmq.core.system import DutyProcess
from taskflowmq.core.validation import clean_text

#: Characters of a name.
_LONGEST = 100


def this_process() -> DutyProcess:
    """Return this process: its machine, its number, and its program without arguments, which may hold secrets."""
    return DutyProcess(host=_host(), pid=os.getpid(), program=_program(tuple(sys.argv[:2])))


@cache
def _host() -> str:
    return clean_text(socket.gethostname(), _LONGEST)


@cache
def _program(argv: tuple[str, ...]) -> str:
    path = PurePath(argv[0]) if argv else PurePath()
    name = path.name
    if name == "__main__.py":  # python -m
        name = "taskflow" if "taskflowmq" in path.parts else path.parent.name
    if not name or name.startswith("-"):
        return "python"
    command = argv[1] if len(argv) > 1 and name == "taskflow" and argv[1].isidentifier() else ""
    return clean_text(f"{name} {command}".strip(), _LONGEST)
