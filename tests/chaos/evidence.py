"""What a chaos run leaves behind: the handlers' ledger, the client's log, the faults, and what the API said at the end.

Everything is a plain value that is written as JSON, so that a run can be judged again from its folder. Times are
seconds of the machine's monotonic clock, which all its processes share; ``finished_at`` and ``wall`` are unix time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

FINAL = frozenset({"completed", "cancelled", "dead"})
Answer = Literal["ok", "refused", "unknown"]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One injected fault, as it really happened."""

    kind: str
    #: A program's slot ("worker-1"), "all", or "database".
    target: str
    begin: float
    end: float
    #: The processes that were hit, where it was not all of the program.
    pids: tuple[int, ...] = ()
    note: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger: a body begins, ends, or raises."""

    event: str
    job: str
    key: str
    lease: int
    attempt: int
    #: The slot of the program that ran it.
    program: str
    pid: int
    ppid: int
    at: float
    wall: float


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One wish of the client, with all its tries: which jobs it asked for, and what it was told."""

    how: str
    task: str
    #: One per job; each job carries its own in its arguments.
    keys: tuple[str, ...]
    answer: Answer
    begin: float
    end: float
    tries: int = 1
    #: The ids in the answer, aligned with the keys; empty unless it is ok.
    ids: tuple[str, ...] = ()
    #: Whether it made the job; False: another job holds its unique key.
    created: bool = True
    unique: str | None = None


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    """A request to cancel. ``state`` is the answered one, None where no answer came."""

    job: str
    at: float
    state: str | None


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """An ended job that somebody saw while the run went on."""

    job: str
    state: str
    reason: str | None
    attempt: int
    finished_at: float
    at: float


class Attempt(msgspec.Struct, frozen=True):
    """One attempt as the API tells it."""

    lease: int
    outcome: str


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job as the API shows it at the end."""

    id: str
    key: str
    task: str
    state: str
    reason: str | None
    attempt: int
    max_attempts: int
    crashes: int
    losses: int
    created_at: float
    finished_at: float | None
    unique: str | None
    result: Any
    #: Only asked for where the ledger does not show one start and one end.
    attempts: tuple[Attempt, ...] | None = None


class Effect(msgspec.Struct, frozen=True):
    """A row that a handler wrote in the transaction that completed its job."""

    job: str
    lease: int


class Evidence(msgspec.Struct, kw_only=True):
    """All of it."""

    store: str
    seed: int
    seconds: float
    faults: list[Fault]
    ledger: list[Line]
    requests: list[Request]
    cancels: list[Cancel]
    sightings: list[Sighting]
    jobs: list[Job]
    effects: list[Effect]
    #: (job, final word) of every settled transition that a worker has logged.
    endings: list[tuple[str, str]]
    #: What the harness itself found wrong: exits, leaks, the doctor, what did not end in time.
    findings: list[str]
    #: Kinds of faults that could not be injected here, each with the reason.
    not_run: list[str] = []
    #: Seconds from the end of load and faults to the end of the last job.
    settled_in: float = 0.0

    def save(self, folder: Path) -> None:
        """Write it beside the logs."""
        (folder / "evidence.json").write_bytes(msgspec.json.encode(self))

    @classmethod
    def load(cls, folder: Path) -> Evidence:
        """Read it again."""
        return msgspec.json.decode((folder / "evidence.json").read_bytes(), type=cls)


def read_ledger(path: Path) -> list[Line]:
    """Return the ledger's lines; one that a full disk or a kill has cut is no line."""
    if not path.exists():
        return []
    return [msgspec.convert(line, Line) for line in _json_lines(path) if "key" in line]


class OpenRuns:
    """Follows the ledger, to know which programs are in the middle of something."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._open: dict[tuple[str, int], tuple[str, float]] = {}

    def of(self, program: str, since: float) -> int:
        """Return how many bodies began in a program since then, and have not ended."""
        self._follow()
        return sum(name == program and at >= since for name, at in self._open.values())

    def overtaken(self, program: str, since: float) -> bool:
        """Tell whether a job that a program began since then, and has not ended, runs elsewhere by now."""
        self._follow()
        held = {job: lease for (job, lease), (name, at) in self._open.items() if name == program and at >= since}
        return any(held.get(job, lease) < lease for job, lease in self._open)

    def _follow(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as lines:
            lines.seek(self._at)
            for text in lines:
                if not text.endswith(b"\n"):  # it is being written
                    break
                self._at += len(text)
                try:
                    line = msgspec.json.decode(text, type=Line)
                except msgspec.DecodeError:  # empty, or cut by a full disk or a kill
                    continue
                if line.event == "start":
                    self._open[line.job, line.lease] = line.program, line.at
                else:
                    self._open.pop((line.job, line.lease), None)


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a program's log; what is no JSON object is passed over."""
    return _json_lines(path)


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                yield record
