"""One task as readers see it: what was announced of it, and the arguments of its last jobs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TypeVar

from taskflowmq.core.errors import TaskNotFound
from taskflowmq.core.job import JobFilter, JobView
from taskflowmq.ports.store import Jobs

#: How many recent arguments are shown.
RECENT = 5
#: Among how many of the newest jobs they are searched: those with the same arguments count once.
_LOOKED_AT = 25
#: Longer arguments are left out: a form is no place to edit them.
_MOST_BYTES = 16 * 1024

V = TypeVar("V")


def find_task(found: dict[str, V], name: str) -> V:
    """Return the task of this name.

    Raises:
        TaskNotFound: there is none; names the one that may be meant.
    """
    if name in found:
        return found[name]
    close = difflib.get_close_matches(name, found, n=1)
    meant = f": did you mean {close[0]!r}?" if close else ": no program has announced it"
    raise TaskNotFound(f"task {name!r} does not exist{meant}")


async def recent_of(jobs: Jobs, tenant: str, task: str) -> list[JobView]:
    """Return the newest jobs of a task whose arguments differ from each other, the newest first.

    Args:
        jobs: of an open store.
        tenant: whose jobs.
        task: its name.
    """
    page = await jobs.list_jobs(JobFilter(tenant=tenant, task=task), limit=_LOOKED_AT, before=None)
    return _differing(page.items)


def _differing(views: Iterable[JobView]) -> list[JobView]:
    found: dict[bytes, JobView] = {}
    for view in views:
        if len(view.raw_args) <= _MOST_BYTES:
            found.setdefault(view.raw_args, view)
    return list(found.values())[:RECENT]
