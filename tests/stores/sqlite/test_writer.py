"""Group commit and the lock: what callers notice when they share a commit, a thread and a file."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.stores.sqlite.conftest import OpenStore, claim, new_job, new_worker

from taskflowmq.core.errors import Conflict, NotUnique, StoreUnavailable
from taskflowmq.core.job import UniqueKey
from taskflowmq.stores.sqlite import SqliteStore, lock_fairness
from taskflowmq.stores.sqlite.lock_fairness import LockFairness


class Gate:
    """Holds the writer thread inside an operation, so that what follows gathers into one group."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._inside = threading.Event()
        self._open = threading.Event()

    async def __aenter__(self) -> Gate:
        def hold(_conn: sqlite3.Connection) -> None:
            self._inside.set()
            assert self._open.wait(60)

        self._task = asyncio.ensure_future(self._store._writer.run(hold))
        assert await asyncio.get_running_loop().run_in_executor(None, self._inside.wait, 60)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open.set()
        await self._task


async def gathered(store: SqliteStore, *calls: object) -> list[object]:
    """Start calls while the writer is held, so that they are committed together, and return what they gave."""
    async with Gate(store):
        tasks = [asyncio.ensure_future(call) for call in calls]  # type: ignore[call-overload]
        await asyncio.sleep(0)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_requests_of_one_moment_are_stored_by_one_statement(store: SqliteStore) -> None:
    seen: list[str] = []
    await store._writer.run(lambda conn: conn.set_trace_callback(seen.append))
    jobs = [new_job() for _ in range(50)]
    answers = await gathered(store, *(store.intake.enqueue([job]) for job in jobs))
    assert [answer[0].id for answer in answers] == [job.id for job in jobs]  # type: ignore[index]
    assert sum("INTO taskflow_job" in statement for statement in seen) == 1
    assert sum(statement == "COMMIT" for statement in seen) == 3  # the tracer's, the gate's and theirs


async def test_a_wrong_request_fails_alone(store: SqliteStore) -> None:
    stored = new_job()
    holder = new_job(unique=UniqueKey(key="k"))
    await store.intake.enqueue([stored, holder])
    good, also_good = new_job(), new_job(task="other")
    conflict = new_job(task="different")
    conflict = type(conflict)(id=stored.id, task="different", args=b"{}")
    held = new_job(unique=UniqueKey(key="k", on_conflict="raise"))
    broken = new_job(args=b"\xff")
    answers = await gathered(store, *(store.intake.enqueue([job]) for job in (good, conflict, held, broken, also_good)))
    assert [type(answer) for answer in answers] == [list, Conflict, NotUnique, UnicodeDecodeError, list]
    assert (await store.stats.count("default")).states["pending"] == 4
    assert await store.upkeep.check() == []


async def test_arguments_of_a_list_are_checked_one_by_one(store: SqliteStore) -> None:
    halves = [new_job(args=b'{"a":"\xc3'), new_job(args=b'\xa9"}')]
    with pytest.raises(UnicodeDecodeError):
        await store.intake.enqueue(halves)
    whole = [new_job(args='{"a":"é"}'.encode()), new_job(args=b'{"a":"e"}')]
    await store.intake.enqueue(whole)
    views = [await store.jobs.get("default", job.id) for job in (*halves, *whole)]
    assert [view and view.args for view in views] == [None, None, {"a": "é"}, {"a": "e"}]


async def test_two_that_replace_each_other_leave_one(store: SqliteStore) -> None:
    jobs = [new_job(unique=UniqueKey(key="k", on_conflict="replace")) for _ in range(3)]
    await gathered(store, *(store.intake.enqueue([job]) for job in jobs))
    states = (await store.stats.count("default")).states
    assert (states["pending"], states["cancelled"]) == (1, 2)
    assert await store.upkeep.check() == []


async def test_an_operation_that_fails_leaves_the_others_of_its_group(store: SqliteStore) -> None:
    def spoil(conn: sqlite3.Connection) -> None:
        conn.execute("UPDATE taskflow_store SET next_seq = 1000000")
        conn.execute("INSERT INTO taskflow_tenant (id, name) VALUES (1, NULL)")

    job = new_job()
    spoilt, stored = await gathered(store, store._writer.run(spoil), store.intake.enqueue([job]))
    assert isinstance(spoilt, sqlite3.IntegrityError)
    assert stored[0].created  # type: ignore[index]
    rows = await store._reader.run(lambda conn: conn.execute("SELECT next_seq FROM taskflow_store").fetchall())
    assert rows[0][0] < 1000


async def test_a_caller_that_goes_away_does_not_take_its_write_along(store: SqliteStore) -> None:
    job, neighbour = new_job(), new_job()
    async with Gate(store):
        gone = asyncio.ensure_future(store.intake.enqueue([job]))
        stays = asyncio.ensure_future(store.intake.enqueue([neighbour]))
        await asyncio.sleep(0)
        gone.cancel()
    assert (await stays)[0].id == neighbour.id
    assert (await store.jobs.get("default", job.id)) is not None


async def test_a_full_queue_refuses_instead_of_growing(open_store: OpenStore) -> None:
    store = await open_store(max_queue=5)
    async with Gate(store):
        tasks = [asyncio.ensure_future(store.intake.enqueue([new_job()])) for _ in range(8)]
        await asyncio.sleep(0)
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [list] * 5 + [StoreUnavailable] * 3


async def test_what_is_queued_at_close_is_committed(store: SqliteStore, open_store: OpenStore) -> None:
    async with Gate(store):
        writes = [asyncio.ensure_future(store.intake.enqueue([new_job()])) for _ in range(20)]
        closing = asyncio.ensure_future(store.close())
        await asyncio.sleep(0)
    await closing
    await asyncio.gather(*writes)
    again = await open_store()
    assert (await again.stats.count("default")).states["pending"] == 20


async def test_a_lock_is_waited_for(store: SqliteStore, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    write = asyncio.ensure_future(store.intake.enqueue([new_job()]))
    # Reads go on meanwhile, and after the first of them the write is known to wait.
    assert (await store.stats.count("default")).states["pending"] == 0
    assert not write.done()
    other.execute("ROLLBACK")
    other.close()
    assert (await write)[0].created


async def test_a_lock_that_is_never_freed_ends_in_store_unavailable(open_store: OpenStore, path: Path) -> None:
    store = await open_store(lock_timeout_s=0.05)
    job = new_job()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="lock"):
        await store.intake.enqueue([job])
    other.execute("ROLLBACK")
    other.close()
    assert (await store.intake.enqueue([job]))[0].created


async def test_an_idle_store_costs_nothing(store: SqliteStore) -> None:
    await store.ping()
    threads = [store._writer._thread, store._reader._thread]
    before = [_switches(thread) for thread in threads]
    await store._slow_reader.run(lambda _conn: threading.Event().wait(0.5))
    # The slow reader's own wait wakes nobody else; a thread that polls would show as hundreds of switches.
    assert all(_switches(thread) - count < 20 for thread, count in zip(threads, before, strict=True))


def _switches(thread: threading.Thread | None) -> int:
    assert thread is not None
    lines = Path(f"/proc/self/task/{thread.native_id}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def test_who_waits_is_seen_by_who_holds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(lock_fairness, "time", SimpleNamespace(monotonic_ns=lambda: 10**12, sleep=slept.append))
    holder, waiter = LockFairness(path), LockFairness(path)
    holder.open()
    waiter.open()
    holder.step_aside(0.05)
    assert slept == [], "nobody waits, nobody pays"
    waiter.wait(0)
    slept.clear()
    holder.step_aside(0.05)
    assert slept == [0.05]
    holder.close()
    waiter.close()


async def test_positions_of_an_undone_group_are_found_again(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim that was undone must not leave a cursor behind the rows that then get the same positions."""
    worker = await new_worker(store)
    lost = new_job()

    def fail(_conn: sqlite3.Connection) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    answers = await gathered(store, store.intake.enqueue([lost]), claim(store, worker), store._writer.run(fail))
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 3
    await store.intake.enqueue([lost])
    assert [job.id for job in await claim(store, worker)] == [lost.id]
