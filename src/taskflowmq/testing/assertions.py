"""``assert_enqueued`` and ``refute_enqueued``: which jobs your code enqueued, without running them.

Both are plain functions that work in every kind of test: where a loop runs, they read through a connection of their
own, on another thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

import msgspec

from taskflowmq.client import codec
from taskflowmq.client.app import BaseApp
from taskflowmq.client.sync import portal_loop
from taskflowmq.client.task import Task
from taskflowmq.core.errors import WrongContext
from taskflowmq.core.filters import read_states
from taskflowmq.core.job import JobFilter, JobView, State
from taskflowmq.core.printable import counted
from taskflowmq.ports.store import Store
from taskflowmq.testing.recording import recorder_of

LIVE = tuple(state for state in State if not state.final)
_PAGE = 500
#: The most jobs that a failure message shows.
_SHOWN = 10


class Matching(TypedDict, total=False):
    """What a job must look like; what is left out does not matter.

    args: arguments that it must have, among others; compared as the JSON that is stored.
    queue, priority, tags, meta, unique_key: as given to ``using``; meta and tags among others.
    state: one state or several; by default every state of a job that has not ended.
    """

    args: Mapping[str, Any]
    queue: str
    priority: int
    tags: Sequence[str]
    meta: Mapping[str, Any]
    unique_key: str
    state: State | str | Sequence[State | str]


def assert_enqueued(
    app: BaseApp,
    task: Task[Any, Any] | str,
    *,
    count: int | None = None,
    conn: Any = None,
    **matching: Unpack[Matching],
) -> list[JobView]:
    """Fail unless a job of this task waits or runs that looks like this.

    Args:
        app: whose jobs.
        task: the task or its name.
        count: exactly this many; by default at least one.
        conn: look as this connection or session of the program would (SQLAlchemy 2, Django): also at what was enqueued
            in its open transaction, which others see after its commit. Needs ``in_memory_app`` or the fixtures.
        matching: see :class:`Matching`.

    Returns:
        the jobs that match, oldest first.
    """
    jobs, found = _search(app, task, matching, conn)
    if len(found) == count or (count is None and found):
        return found
    wanted = "a job" if count is None else counted(count, "job")
    raise AssertionError(
        f"expected {wanted} of {_name(task)!r} {_text(matching)}, found {len(found)}. {_shown(jobs)}"
        f"{'' if conn is not None else _uncommitted(app, task)}"
    )


def refute_enqueued(
    app: BaseApp, task: Task[Any, Any] | str, *, conn: Any = None, **matching: Unpack[Matching]
) -> None:
    """Fail if a job of this task waits or runs that looks like this; ``conn`` as for :func:`assert_enqueued`."""
    _, found = _search(app, task, matching, conn)
    if found:
        raise AssertionError(
            f"expected no job of {_name(task)!r} {_text(matching)}, found {len(found)}. {_shown(found)}"
        )


def _search(
    app: BaseApp, task: Task[Any, Any] | str, matching: Matching, conn: Any
) -> tuple[list[JobView], list[JobView]]:
    states = matching.get("state", LIVE)
    query = JobFilter(
        tenant=app.tenant,
        task=_name(task),
        states=read_states(states),
    )
    pending = [] if conn is None else _pending(app, query.task, conn)
    jobs = _read(app, query) + [job for job in pending if job.state in query.states]
    wanted = {name: _plain(value) for name, value in matching.items() if name != "state"}
    return jobs, [job for job in jobs if _fits(job, wanted)]


def _read(app: BaseApp, query: JobFilter) -> list[JobView]:
    async def read() -> list[JobView]:
        store = app.new_store()
        await store.open()
        try:
            return await _all(store, query)
        finally:
            await store.close()

    hub = app.hub
    if asyncio._get_running_loop() is None and hub.open_session() is not None:
        # Opening SQLite again would wait for a transaction that the test itself has open.
        return hub.run(lambda: hub.call(lambda session: _all(session.store, query)))
    return asyncio.run_coroutine_threadsafe(read(), portal_loop()).result()


def _pending(app: BaseApp, task: str | None, conn: Any = None) -> list[JobView]:
    recorder = recorder_of(app)
    if recorder is None:
        if conn is None:
            return []
        raise WrongContext("conn= needs a test that has given the app a database: `with in_memory_app(app):`")
    return [recorder.view(job) for job in recorder.pending(conn) if job.task == task]


def _uncommitted(app: BaseApp, task: Task[Any, Any] | str) -> str:
    count = len(_pending(app, _name(task)))
    return f"\n{count} more in transactions that are not committed: give conn= to see them" if count else ""


async def _all(store: Store, query: JobFilter) -> list[JobView]:
    jobs: list[JobView] = []
    page = await store.jobs.list_jobs(query, limit=_PAGE, before=None)
    jobs.extend(page.items)
    while page.next is not None:
        page = await store.jobs.list_jobs(query, limit=_PAGE, before=page.next)
        jobs.extend(page.items)
    return sorted(jobs, key=lambda job: job.id)


def _fits(job: JobView, wanted: Mapping[str, Any]) -> bool:
    for name, value in wanted.items():
        seen: Any = getattr(job, name)
        if name in ("args", "meta"):
            stored = seen or {}
            if any(key not in stored or stored[key] != item for key, item in value.items()):
                return False
        elif name == "tags":
            if not set(value) <= set(seen):
                return False
        elif seen != value:
            return False
    return True


def _plain(value: object) -> Any:
    return msgspec.json.decode(codec.encode(value, ""))


def _name(task: Task[Any, Any] | str) -> str:
    return task if isinstance(task, str) else task.name


def _text(matching: Matching) -> str:
    return f"with {dict(matching)!r:.500}" if matching else "with any arguments"


def _shown(jobs: list[JobView]) -> str:
    if not jobs:
        return "There are no jobs of this task in such a state"
    lines = [f"  {job.state} queue={job.queue} args={job.raw_args.decode()[:200]}" for job in jobs[:_SHOWN]]
    more = "" if len(jobs) <= _SHOWN else f"\n  … and {len(jobs) - _SHOWN} more"
    return "There are:\n" + "\n".join(lines) + more
