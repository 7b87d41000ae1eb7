"""What operators are shown of an installation: verdicts of checks, settings with their source, machines, duties."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec

#: Duties that nodes take turns in: one of them has each. The others run on every node with duties.
IN_TURNS = ("expirer", "lookout", "maintainer", "pruner", "rescuer", "rollup")
EVERYWHERE = ("bulker", "stager")


class Verdict(StrEnum):
    """How a check ended."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the report."""

    name: str
    verdict: Verdict
    detail: str
    fix: str | None = None


class Setting(NamedTuple):
    """A setting of a running process.

    Attributes:
        name: the variable.
        value: what holds, as text; of a secret only whether there is one.
        source: where it comes from.
        secret: whether the value itself is not told.
    """

    name: str
    value: str
    source: Literal["default", "environment", "file", "argument"]
    secret: bool = False


class DutyProcess(msgspec.Struct, frozen=True, kw_only=True):
    """The process that ran a duty.

    Args:
        host, pid: where it runs.
        program: its name, without arguments.
    """

    host: str
    pid: int
    program: str


class Node(NamedTuple):
    """A machine on which workers live.

    Attributes:
        host: its name.
        workers: how many.
        slots: of all of them.
        running: jobs that they run.
        versions: of TaskFlow that they have.
    """

    host: str
    workers: int
    slots: int
    running: int
    versions: tuple[str, ...]
