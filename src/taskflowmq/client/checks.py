"""The checks of ``taskflow doctor`` and of the system page, each with a verdict and what to do about it."""

from __future__ import annotations

import statistics
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime

import msgspec

from taskflowmq.core.ids import MAX_SKEW_MS
from taskflowmq.core.job import DEFAULT_TENANT, JobFilter, QueueRef, State
from taskflowmq.core.printable import counted
from taskflowmq.core.system import Finding, Verdict
from taskflowmq.core.waiting import WaitCode, tenant_flag
from taskflowmq.ports.store import QueueView, Store
from taskflowmq.ports.store.workers import WorkerView
from taskflowmq.ports.waiting import LOOK_S, find_unserved, servers_of, why_waits

SLOW_COMMIT_SECONDS = 0.05
PINGS = 5
SKEW_SECONDS = 5.0
MANY = 100
#: If slots are free, a ready job that is older waits for more than its turn.
OLD_SECONDS = 30.0
MANY_RIGHTS = 5


async def check_store(store: Store, *, whole: bool = True) -> AsyncIterator[Finding]:
    """Run the checks against a connected store; later ones need the schema, so they stop where it is missing.

    Args:
        store: the store.
        whole: also those that read all jobs, or write.
    """
    schema = await _schema(store)
    yield schema
    if schema.verdict is Verdict.FAIL:
        return
    yield await _rights(store)
    if whole:
        yield await _commits(store)
    yield _wake_ups(store)
    for finding in _file(store):
        yield finding
    yield await _clock(store)
    if whole:
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
        fix = "every enqueue waits for a commit: use a faster disk, or enqueue in bulk"
        return Finding("commits", Verdict.WARN, detail, fix)
    return Finding("commits", Verdict.OK, detail)


def _wake_ups(store: Store) -> Finding:
    on = "idle workers receive wake-ups"
    off = "off (a pooler, or no Unix sockets): idle workers poll every TASKFLOW_POLL_SECONDS"
    return Finding("wake-ups", Verdict.OK, on if store.notifier.enabled else off)


def _file(store: Store) -> Iterator[Finding]:
    """Report what may be wrong with the store's file; only SQLite has one."""
    doubts: Callable[[], list[tuple[str, str]]] | None = getattr(store, "doubts", None)
    for detail, fix in doubts() if doubts is not None else ():
        yield Finding("file", Verdict.WARN, detail, fix)


async def _schema(store: Store) -> Finding:
    version = await store.schema.version()
    pending = [name for name, _ in await store.schema.pending_sql()]
    if not pending:
        return Finding("schema", Verdict.OK, f"version {version}")
    if not version:
        return Finding("schema", Verdict.FAIL, "no TaskFlow schema found", "run: taskflow db migrate")
    detail = f"version {version}, pending: {', '.join(pending)}"
    return Finding("schema", Verdict.FAIL, detail, "run: taskflow db migrate")


async def _rights(store: Store) -> Finding:
    missing = await store.schema.missing_rights()
    strangers = await store.schema.open_schemas()
    if strangers and not missing:
        detail = (
            f"other roles may create objects in schema {', '.join(strangers)}, which is in the search_path of this role"
        )
        fix = "run: ALTER ROLE … SET search_path = pg_catalog, pg_temp; or REVOKE CREATE ON SCHEMA … FROM PUBLIC"
        return Finding("rights", Verdict.WARN, detail, fix)
    if not missing:
        return Finding("rights", Verdict.OK, "this role has all rights that jobs and duties need")
    shown = ", ".join(missing[:MANY_RIGHTS]) + (" …" if len(missing) > MANY_RIGHTS else "")
    fix = "workers, servers and schedulers need these rights: run the GRANT statements of docs/postgresql.md"
    return Finding("rights", Verdict.WARN, f"this role lacks {len(missing)} rights: {shown}", fix)


async def _duties(store: Store) -> Finding:
    failures = await store.upkeep.failures()
    if not failures:
        return Finding("duties", Verdict.OK, "the last run of every duty succeeded")
    shown = "; ".join(f"the {one.duty} at {one.at:%Y-%m-%d %H:%M:%S} UTC: {one.problem}" for one in failures)
    return Finding("duties", Verdict.WARN, f"failed: {shown}", "fix the cause; the duty is retried automatically")


async def _clock(store: Store) -> Finding:
    before = datetime.now(UTC)
    stats = await store.stats.count_all()
    skew = (stats.as_of - before).total_seconds()
    detail = f"the store's clock differs by {skew:+.1f} s from this machine's"
    if abs(skew) * 1000 > MAX_SKEW_MS:
        return Finding(
            "clock",
            Verdict.FAIL,
            detail,
            "synchronise the clocks (NTP): the store refuses job ids generated on this machine",
        )
    if abs(skew) > SKEW_SECONDS:
        return Finding("clock", Verdict.WARN, detail, "synchronise the clocks (NTP): times in logs do not match")
    return Finding("clock", Verdict.OK, detail)


async def _places(store: Store) -> Finding:
    violations = await store.upkeep.check()
    if not violations:
        return Finding("places", Verdict.OK, "every job is in exactly one place")
    shown = "; ".join(violations[:3])
    return Finding(
        "places", Verdict.FAIL, f"{counted(len(violations), 'violation')}: {shown}", "make a backup and report this"
    )


async def _orphans(store: Store) -> Finding:
    orphans = await store.workers.orphaned(MANY)
    if not orphans:
        return Finding("orphans", Verdict.OK, "no job is held by a worker that has ended")
    fix = "start a worker or scheduler: it rescues these jobs within seconds"
    return Finding("orphans", Verdict.WARN, f"{counted(len(orphans), 'ended worker')} still hold jobs", fix)


async def _queues(store: Store) -> AsyncIterator[Finding]:
    known = [worker for worker in await store.workers.list_workers() if worker.ended_at is None]
    # A machine that was switched off has ended no row: its lease is over instead.
    alive = [worker for worker in known if not worker.lease_over]
    yield _workers(alive)
    for finding in _stuck(known):
        yield finding
    servers = servers_of(alive)
    for queue in (await store.stats.count_all()).queues:
        ref, name = QueueRef(queue.tenant, queue.name), _shown(queue)
        waiting = sum(count for state, count in queue.states.items() if state in ("pending", "scheduled", "retrying"))
        if queue.pause is not None and waiting:
            detail = f"queue {name} is paused {queue.pause} and holds {counted(waiting, 'job')}"
            yield Finding("queues", Verdict.WARN, detail, f"run: taskflow queues resume {ref.queue}{tenant_flag(ref)}")
        elif waiting and not (serving := [server for server in servers if server.serves(ref)]):
            detail = f"{counted(waiting, 'job')} in queue {name}, which no live worker serves"
            fix = f"run: taskflow worker --queues {ref.queue}{tenant_flag(ref, 's')}"
            yield Finding("queues", Verdict.WARN, detail, fix)
        elif waiting and all(server.drained for server in serving):
            detail = f"{counted(waiting, 'job')} in queue {name}, and every worker that serves it is drained"
            fix = "run: taskflow workers list, then taskflow workers resume ID"
            yield Finding("queues", Verdict.WARN, detail, fix)
        elif (queue.oldest_ready_age or 0.0) > OLD_SECONDS and await _overlooked(store, ref):
            detail = f"jobs of queue {name} are ready for {queue.oldest_ready_age:.0f} s although slots are free"
            yield Finding("queues", Verdict.WARN, detail, "read the logs of its workers: their claims return no jobs")


def _shown(queue: QueueView) -> str:
    return queue.name if queue.tenant == DEFAULT_TENANT else f"{queue.name} of tenant {queue.tenant}"


async def _overlooked(store: Store, ref: QueueRef) -> bool:
    """Tell whether a worker that knows the task of the newest ready job of a queue has room, and does not take it."""
    query = JobFilter(tenant=ref.tenant, states=(State.PENDING,), queue=ref.queue)
    page = await store.jobs.list_jobs(query, limit=1, before=None, seconds=LOOK_S)
    return bool(page.items) and (await why_waits(store, page.items[0])).code is WaitCode.TURN


def _stuck(known: list[WorkerView]) -> Iterator[Finding]:
    """Yield the notes of live workers and their supervisors, and the workers whose lease is over."""
    for worker in known:
        for note in msgspec.json.decode(worker.info).get("notes", {}).values():
            detail = f"worker {worker.id} on {worker.host} (process {worker.pid}) makes no progress: {note}"
            yield Finding("workers", Verdict.WARN, detail, "read its log; after a restart, other workers run its jobs")
        if worker.lease_over:
            held = counted(worker.running, "job")
            detail = f"worker {worker.id} on {worker.host} has not renewed its lease, and holds {held}"
            yield Finding("workers", Verdict.WARN, detail, "if a worker or scheduler runs, it rescues these jobs")


def _workers(alive: list[WorkerView]) -> Finding:
    if not alive:
        return Finding("workers", Verdict.WARN, "no worker is alive", "run: taskflow worker, or taskflow dev")
    return Finding(
        "workers", Verdict.OK, f"{len(alive)} alive, {counted(sum(worker.running for worker in alive), 'job')} running"
    )
