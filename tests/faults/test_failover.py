"""The database changes its role, or ends every connection, again and again; the workers stay (RELIABILITY F10, F11)."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest
from tests.faults.rig import PATIENCE, SPEC, Rig

from taskflowmq import Handle, State, StoreUnavailable
from taskflowmq.stores.postgres import PostgresOptions
from taskflowmq.testing.postgres import PostgresServer
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

HEALED = 10.0
KILLS, EVERY = 30, 0.2


def become_standby(server: PostgresServer) -> None:
    """Stop the server at once and start it again as a standby: reads work, writes are refused."""
    data = Path(json.loads(server.note())["directory"]) / "data"
    server.crash()
    sign = data / "standby.signal"
    sign.touch()
    os.chown(sign, data.stat().st_uid, -1)
    server.recover()


async def test_a_server_that_becomes_a_standby_is_waited_out_until_it_is_promoted(
    hurt_rig: Rig, own_server: PostgresServer, tmp_path: Path
) -> None:
    rig, hold = hurt_rig, tmp_path / "hold"
    hold.touch()
    program = rig.program(**SPEC, TEST_HOLD=hold)
    before = await rig.send("quick", n=1)
    ends_meanwhile = await rig.send("nap", seconds=2.0)
    ends_after = await rig.send("hold")
    await rig.final(before)
    await rig.started(ends_meanwhile, ends_after)
    pids = [child.pid for child in program.children()]
    await asyncio.to_thread(become_standby, own_server)
    # For longer than a lease.
    until = time.monotonic() + 4.0
    view = await wait_until(lambda: seen(before), PATIENCE, what="a standby that is read")
    assert view is State.COMPLETED
    with pytest.raises(StoreUnavailable):
        await rig.send("quick", n=2)
    await wait_until(
        lambda: time.monotonic() > until and "accepts no writes" in program.log(), PATIENCE, what="refused writes"
    )
    admin = await asyncpg.connect(rig.url)
    assert await admin.fetchval("SELECT pg_is_in_recovery()")
    promoted_at = time.monotonic()
    assert await admin.fetchval("SELECT pg_promote(true, 20)")
    await admin.close()
    after = await rig.send("quick", n=3)
    (end, ended_meanwhile) = await rig.final(after, ends_meanwhile, timeout=HEALED)
    healed = time.monotonic() - promoted_at
    hold.unlink()
    (ended_after,) = await rig.final(ends_after)
    views = [end, ended_meanwhile, ended_after]
    print(f"F10: a standby for 4 s, promoted: healed after {healed:.2f} s, jobs run twice 0")
    assert healed <= HEALED
    assert [(v.state, v.counters.attempt, v.counters.lease_no) for v in views] == [(State.COMPLETED, 1, 1)] * 3
    assert max(rig.all_starts().values()) == 1
    assert [child.pid for child in program.children()] == pids
    await rig.check()


async def seen(handle: Handle[int]) -> State | None:
    """Return the state of a job, or None while the store is away."""
    try:
        return (await handle.ajob()).state
    except StoreUnavailable:
        return None


class Admin:
    """One connection that is spared, to look at the others and end them."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._conn = conn

    async def listeners(self) -> int:
        """Return how many connections last said LISTEN."""
        count: int = await self._conn.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
        )
        return count

    async def terminate_everyone(self) -> int:
        """End every other connection and return how many there were."""
        rows = await self._conn.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return len(rows)


@pytest.fixture
async def admin(postgres_url: str) -> AsyncIterator[Admin]:
    conn = await asyncpg.connect(postgres_url)
    yield Admin(conn)
    await conn.close()


async def test_connections_that_are_terminated_again_and_again_come_back(rig_pg: Rig, admin: Admin) -> None:
    rig = rig_pg
    program = rig.program(**SPEC)
    acknowledged: list[Handle[int]] = []
    refused = ended = 0
    enough = asyncio.Event()

    async def send() -> None:
        """Enqueue without pause, through connections that are ended, too."""
        nonlocal refused
        while not enough.is_set():
            try:
                acknowledged.extend(await rig.app.aenqueue_many([rig.app.tasks["nap"].job(seconds=0.2)] * 5))
            except StoreUnavailable:
                refused += 1
            await rig.started(acknowledged[-1])

    sending = asyncio.create_task(send())
    await wait_until(lambda: len(rig.ledger()) > 100, PATIENCE, what="load")
    pids = [child.pid for child in program.children()]
    hearing, back = await admin.listeners(), 0.0

    async def heard_again() -> bool:
        return await admin.listeners() == hearing

    def moved_on(done: int) -> bool:
        if sending.done():
            sending.result()  # nothing moves where nobody sends: say why
        return len(rig.ledger()) > done + 10

    for _ in range(KILLS):
        done, killed_at = len(rig.ledger()), time.monotonic()
        ended += await admin.terminate_everyone()
        await wait_until(heard_again, HEALED, what="every LISTEN")
        back = max(back, time.monotonic() - killed_at)
        await wait_until(lambda: moved_on(done), HEALED, what="progress after a kill")  # noqa: B023
        await wait_until(lambda: time.monotonic() > killed_at + EVERY, 5)  # noqa: B023
    enough.set()
    await sending
    async with asyncio.timeout(HEALED), AsyncExitStack() as held:
        size = PostgresOptions().pool_size
        conns = [await held.enter_async_context(rig.app.store.claims.transaction()) for _ in range(size)]
        assert len({await conn.fetchval("SELECT pg_backend_pid()") for conn in conns}) == size
    views = await rig.final(*acknowledged)
    lost = sum(view.state is not State.COMPLETED for view in views)
    again = sum(count - 1 for count in rig.all_starts().values())
    print(
        f"F11: {KILLS} kills of all ({ended}) connections, acknowledged {len(views)}, refused {refused}, lost {lost}, "
        f"run twice {again}, LISTEN back within {back:.2f} s, pool back at {size}"
    )
    assert (lost, again) == (0, 0)
    assert [child.pid for child in program.children()] == pids
    await rig.check()
