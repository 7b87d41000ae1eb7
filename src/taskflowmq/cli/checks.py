"""What ``taskflow doctor`` looks at: one function per check, each answering with a verdict and what to do about it."""

from __future__ import annotations

import statistics
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from taskflowmq.core.ids import MAX_SKEW_MS
from taskflowmq.core.job import JobFilter, State
from taskflowmq.core.printable import counted
from taskflowmq.core.waiting import WaitCode
from taskflowmq.ports.store import Store
from taskflowmq.ports.waiting import find_unserved, why_waits
from taskflowmq.ports.workers import WorkerView

SLOW_COMMIT_SECONDS = 0.05
PINGS = 5
SKEW_SECONDS = 5.0
MANY = 100
#: A ready job that is older waits for more than its turn, where slots are free.
OLD_SECONDS = 30.0
MANY_RIGHTS = 5


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


async def check_store(store: Store) -> AsyncIterator[Finding]:
    """Run every check against a connected store; later ones need the schema, so they stop where it is missing."""
    schema = await _schema(store)
    yield schema
    if schema.verdict is Verdict.FAIL:
        return
    yield await _rights(store)
    yield await _commits(store)
    yield _wake_ups(store)
    for finding in _file(store):
        yield finding
    yield await _clock(store)
    yield await _places(store)
    yield await _orphans(store)
    yield await _duties(store)
    async for finding in _queues(store):
        yield finding
    for one in await find_unserved(store):
        if one.wait.code is WaitCode.NO_WORKER_FOR_TASK:  # of queues without a worker the line above has told
            yield Finding("tasks", Verdict.WARN, f"job {one.view.id} waits: {one.wait.text}", one.wait.fix)


async def _commits(store: Store) -> Finding:
    seconds = statistics.median([await store.ping() for _ in range(PINGS)])
    detail = f"a commit takes {seconds * 1000:.1f} ms"
    if seconds > SLOW_COMMIT_SECONDS:
        fix = "every enqueue waits for the disk: use a faster one, or enqueue in bulk"
        return Finding("commits", Verdict.WARN, detail, fix)
    return Finding("commits", Verdict.OK, detail)


def _wake_ups(store: Store) -> Finding:
    on = "idle workers are woken"
    off = "off (a pooler, or no Unix sockets): idle workers look once per TASKFLOW_POLL_SECONDS"
    return Finding("wake-ups", Verdict.OK, on if store.notifier.enabled else off)


def _file(store: Store) -> Iterator[Finding]:
    """Say what the engine doubts about its file; only SQLite has one."""
    doubts: Callable[[], list[tuple[str, str]]] | None = getattr(store, "doubts", None)
    for detail, fix in doubts() if doubts is not None else ():
        yield Finding("file", Verdict.WARN, detail, fix)


async def _schema(store: Store) -> Finding:
    version = await store.schema.version()
    pending = [name for name, _ in await store.schema.pending_sql()]
    if not pending:
        return Finding("schema", Verdict.OK, f"version {version}")
    if not version:
        return Finding("schema", Verdict.FAIL, "there is no TaskFlow store here", "run: taskflow db migrate")
    detail = f"version {version}, pending: {', '.join(pending)}"
    return Finding("schema", Verdict.FAIL, detail, "run: taskflow db migrate")


async def _rights(store: Store) -> Finding:
    missing = await store.schema.missing_rights()
    strangers = await store.schema.open_schemas()
    if strangers and not missing:
        detail = f"other roles may create in schema {', '.join(strangers)} of this role's search_path, and act as it"
        fix = "run: ALTER ROLE … SET search_path = pg_catalog, pg_temp; or REVOKE CREATE ON SCHEMA … FROM PUBLIC"
        return Finding("rights", Verdict.WARN, detail, fix)
    if not missing:
        return Finding("rights", Verdict.OK, "this role may do all that jobs and duties need")
    shown = ", ".join(missing[:MANY_RIGHTS]) + (" …" if len(missing) > MANY_RIGHTS else "")
    fix = "a worker, server or scheduler of this role needs them: run the GRANT statements of docs/postgresql.md"
    return Finding("rights", Verdict.WARN, f"this role lacks {len(missing)} rights: {shown}", fix)


async def _duties(store: Store) -> Finding:
    failures = await store.upkeep.failures()
    if not failures:
        return Finding("duties", Verdict.OK, "the last turn of every duty succeeded")
    shown = "; ".join(f"the {one.duty} at {one.at:%Y-%m-%d %H:%M:%S} UTC: {one.problem}" for one in failures)
    return Finding(
        "duties", Verdict.WARN, f"failed: {shown}", "what it says must be mended; it is tried again by itself"
    )


async def _clock(store: Store) -> Finding:
    before = datetime.now(UTC)
    stats = await store.board.stats()
    skew = (stats.as_of - before).total_seconds()
    detail = f"the store's clock is {skew:+.1f} s from this machine's"
    if abs(skew) * 1000 > MAX_SKEW_MS:
        return Finding("clock", Verdict.FAIL, detail, "set the clocks (NTP): ids made here are refused")
    if abs(skew) > SKEW_SECONDS:
        return Finding("clock", Verdict.WARN, detail, "set the clocks (NTP): times in logs will not fit together")
    return Finding("clock", Verdict.OK, detail)


async def _places(store: Store) -> Finding:
    violations = await store.upkeep.check()
    if not violations:
        return Finding("places", Verdict.OK, "every job is in exactly one place")
    shown = "; ".join(violations[:3])
    return Finding(
        "places", Verdict.FAIL, f"{counted(len(violations), 'violation')}: {shown}", "keep a backup and report this"
    )


async def _orphans(store: Store) -> Finding:
    orphans = await store.workers.orphaned(MANY)
    if not orphans:
        return Finding("orphans", Verdict.OK, "no job is held by a worker that has ended")
    fix = "they are rescued within seconds while any worker or scheduler runs: start one"
    return Finding("orphans", Verdict.WARN, f"{counted(len(orphans), 'ended worker')} still hold jobs", fix)


async def _queues(store: Store) -> AsyncIterator[Finding]:
    known = [worker for worker in await store.workers.list_workers() if worker.ended_at is None]
    # A machine that was switched off has ended no row: its lease says it.
    alive = [worker for worker in known if not worker.lease_over]
    yield _workers(alive)
    for finding in _stuck(known):
        yield finding
    served = [msgspec.json.decode(worker.info).get("queues", []) for worker in alive]
    for queue in await store.board.list_queues():
        waiting = sum(count for state, count in queue.states.items() if state in ("pending", "scheduled", "retrying"))
        if queue.paused_at is not None and waiting:
            detail = f"queue {queue.name} is paused with {counted(waiting, 'job')}"
            yield Finding("queues", Verdict.WARN, detail, f"run: taskflow queues resume {queue.name}")
        elif waiting and not any(not queues or queue.name in queues for queues in served):
            detail = f"{counted(waiting, 'job')} in queue {queue.name} and no worker for it"
            yield Finding("queues", Verdict.WARN, detail, f"run: taskflow worker --queues {queue.name}")
        elif (queue.oldest_ready_age or 0.0) > OLD_SECONDS and await _overlooked(store, queue.name):
            detail = (
                f"jobs of queue {queue.name} are ready for {queue.oldest_ready_age:.0f} s, beside free slots for it"
            )
            yield Finding("queues", Verdict.WARN, detail, "look into the logs of its workers: their claims get nothing")


async def _overlooked(store: Store, queue: str) -> bool:
    """Tell whether a worker that knows the task of the newest ready job of a queue has room, and does not take it."""
    page = await store.board.list_jobs(JobFilter(states=(State.PENDING,), queue=queue), limit=1, before=None)
    return bool(page.items) and (await why_waits(store, page.items[0])).code is WaitCode.TURN


def _stuck(known: list[WorkerView]) -> Iterator[Finding]:
    """Yield what living workers, or their supervisors, say about not getting on."""
    for worker in known:
        for note in msgspec.json.decode(worker.info).get("notes", {}).values():
            detail = f"worker {worker.id} on {worker.host} (process {worker.pid}) does not get on: {note}"
            yield Finding("workers", Verdict.WARN, detail, "look into its log; a restart gives its jobs to others")
        if worker.lease_over:
            held = counted(worker.running, "job")
            detail = f"worker {worker.id} on {worker.host} has not renewed its lease, and holds {held}"
            yield Finding("workers", Verdict.WARN, detail, "they are rescued while any worker or scheduler runs")


def _workers(alive: list[WorkerView]) -> Finding:
    if not alive:
        return Finding("workers", Verdict.WARN, "no worker is alive", "run: taskflow worker, or taskflow dev")
    return Finding(
        "workers", Verdict.OK, f"{len(alive)} alive, {counted(sum(worker.running for worker in alive), 'job')} running"
    )
