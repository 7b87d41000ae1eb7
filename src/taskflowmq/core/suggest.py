"""Values that a filter of jobs may be completed with, and which of them fit what was typed. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from taskflowmq.core.rows import JobRow

#: Jobs of a sample, the newest of a tenant.
SAMPLED = 2_000
#: Different tags, and different paths, that are kept of a sample.
MOST_KEPT = 1_000
#: Names in a path.
DEEPEST = 4
MAX_SUGGESTED = 50
MAX_PREFIX = 200
#: What a filter has without quotes.
_NAME = re.compile(r"[\w-]+")


class SuggestField(StrEnum):
    """Of what values are suggested."""

    QUEUE = "queue"
    TASK = "task"
    TAG = "tag"
    WORKER = "worker"
    ERROR = "error"
    #: Paths to values of arguments: ``args.user.id``.
    ARGS = "args"


class SuggestCount(StrEnum):
    """What the number beside a value counts."""

    LIVE_JOBS = "live_jobs"
    #: Of those that were looked at.
    NEWEST_JOBS = "newest_jobs"
    RUNNING_JOBS = "running_jobs"
    FAILED_ATTEMPTS = "failed_attempts"


class Value(NamedTuple):
    """A value with its number, and what else it is known by."""

    value: str
    number: int
    hint: str | None = None


class Values(NamedTuple):
    """All values of a field.

    Args:
        items: the values.
        counted: what their numbers count.
        looked_at: how many jobs were looked at; None: the values do not come from jobs.
    """

    items: list[Value]
    counted: SuggestCount
    looked_at: int | None = None


class Sample:
    """What the newest jobs of a tenant have: tasks, tags and paths of arguments."""

    def __init__(self) -> None:
        self.jobs = 0
        self.tasks: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()
        self.paths: Counter[str] = Counter()

    def add(self, rows: Iterable[JobRow]) -> None:
        """Add jobs, the newest first."""
        for row in rows:
            self.jobs += 1
            self.tasks[row.task] += 1
            _add(self.tags, set(row.tags))
            _add(self.paths, paths_of(row.args_preview))

    def values(self, field: SuggestField) -> Values:
        """Return the tags or the paths."""
        found = self.tags if field is SuggestField.TAG else self.paths
        return Values([Value(*one) for one in found.items()], SuggestCount.NEWEST_JOBS, self.jobs)


def _add(counts: Counter[str], found: Iterable[str]) -> None:
    for one in found:
        if one in counts or len(counts) < MOST_KEPT:
            counts[one] += 1


def paths_of(args: str) -> set[str]:
    """Return the paths to values of arguments; none of arguments that are cut."""
    if args.endswith("…"):
        return set()
    try:
        decoded = msgspec.json.decode(args)
    except (msgspec.DecodeError, RecursionError):  # as another program stored it
        return set()
    found: set[str] = set()
    _walk(decoded, "args", 1, found)
    return found - {"args"}


def _walk(value: Any, path: str, depth: int, found: set[str]) -> None:
    if not isinstance(value, dict):
        if not isinstance(value, list):
            found.add(path)
    elif depth < DEEPEST:
        for name, inner in value.items():
            if _NAME.fullmatch(name):
                _walk(inner, f"{path}.{name}", depth + 1, found)


def fitting(values: Values, prefix: str, limit: int) -> tuple[list[Value], bool]:
    """Return the values that fit what was typed, and whether there are more.

    Those that begin with it come before those that contain it, in whatever case; of these the most frequent first.

    Args:
        values: all of them.
        prefix: what was typed.
        limit: most values.
    """
    wanted = prefix.casefold()
    found = []
    for one in values.items:
        at = one.value.casefold().find(wanted)
        if at < 0 and one.hint is not None and wanted in one.hint.casefold():
            at = 1
        if at >= 0:
            found.append((at > 0, -one.number, one.value, one))
    found.sort(key=lambda entry: entry[:3])
    return [entry[3] for entry in found[:limit]], len(found) > limit


def merged(names: Iterable[str], counts: Mapping[str, int]) -> list[Value]:
    """Return names with their counts, and the counted ones that are not among them."""
    return [Value(name, counts.get(name, 0)) for name in {*names, *counts}]
