"""Connections that are dead, and nobody said so (RELIABILITY F13)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from tests.faults.links import Link
from tests.faults.proxy import Proxy
from tests.faults.rig import MACHINE, PATIENCE, Rig

from taskflowmq import Handle, State
from taskflowmq.stores.postgres import PostgresOptions
from taskflowmq.stores.postgres.lending import transaction
from taskflowmq.stores.postgres.pool import CANCEL_S, Pool
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

POLL = 1.0
#: A poll is jittered by a tenth.
PICK_UP = 1.1 * POLL + MACHINE
HEALED = 15.0


@asynccontextmanager
async def proxied(rig: Rig, host: str = "127.0.0.1") -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy for the programs of a rig, which end before it does."""
    proxy = Proxy(rig.url, host)
    try:
        yield proxy, await proxy.start()
    finally:
        await rig.close()
        await proxy.close()


@pytest.fixture
async def rig_pg(postgres_url: str, tmp_path: Path) -> Rig:
    rig = Rig(postgres_url, tmp_path)
    await rig.app.aopen()
    return rig


@pytest.fixture
def link() -> Iterator[Link]:
    made = Link()
    try:
        made.make()
    except PermissionError as error:
        pytest.skip(f"F13 on a link that really fails did NOT run, it needs root: {error}")
    yield made
    made.remove()


async def picked_up(rig: Rig, timeout: float) -> float:
    """Send a job and return the seconds until its body began."""
    handle = await rig.send("quick", n=1)
    sent = time.monotonic()
    await rig.started(handle, timeout=timeout)
    return max(began_at(rig, handle) - sent, 0.0)


def began_at(rig: Rig, handle: Handle[int]) -> float:
    (began,) = [line["at"] for line in rig.ledger() if line["job"] == str(handle.id)]
    return float(began)


async def test_wake_ups_on_a_half_open_connection_cost_a_poll_and_come_again(rig_pg: Rig) -> None:
    rig = rig_pg
    async with proxied(rig) as (proxy, url):
        rig.program(url=url, TASKFLOW_POLL_SECONDS=POLL)
        await wait_until(lambda: proxy.listeners == 1, PATIENCE, what="a worker that listens")
        await picked_up(rig, 15)
        assert proxy.deafen(listening=True) == 1
        broken_at, times = time.monotonic(), []
        while not proxy.listeners:
            times.append(await picked_up(rig, HEALED))
            assert time.monotonic() - broken_at < HEALED, "it still listens where nobody speaks"
            # Until its looks for more are as rare as polls again.
            rare = time.monotonic() + POLL
            await wait_until(lambda: proxy.listeners or time.monotonic() > rare, 2 * POLL)  # noqa: B023
        healed = time.monotonic() - broken_at
        print(
            f"F13: LISTEN half-open: {len(times)} jobs picked up within {max(times):.2f} s at a poll of {POLL:g} s, "
            f"LISTEN healed after {healed:.1f} s"
        )
        assert max(times) <= PICK_UP
        assert healed <= HEALED


@pytest.mark.root
async def test_a_worker_whose_connections_are_all_dead_finds_out_before_its_lease_is_over(
    rig_pg: Rig, link: Link
) -> None:
    rig = rig_pg
    production = {"TASKFLOW_LEASE_SECONDS": 30, "TASKFLOW_HEARTBEAT_SECONDS": 10, "TASKFLOW_POLL_SECONDS": POLL}
    async with proxied(rig, link.here) as (proxy, url):
        program = rig.program(url=url, prefix=link.prefix, **production)
        await wait_until(lambda: proxy.listeners == 1, PATIENCE, what="a worker that listens")
        before = [await rig.send("nap", seconds=seconds) for seconds in (1, 2, 4, 8, 12)]
        await rig.started(*before)
        used = proxy.connections
        link.move()
        broken_at = time.monotonic()
        seconds = await picked_up(rig, HEALED + 5)
        await wait_until(lambda: proxy.listeners == 2, HEALED, what="a connection that listens")
        healed = time.monotonic() - broken_at
        views = await rig.final(*before)
        print(f"F13: all {used} connections half-open: pick-up after {seconds:.1f} s, LISTEN after {healed:.1f} s")
        assert seconds <= HEALED
        assert healed <= HEALED
        assert [(view.state, view.counters.lease_no) for view in views] == [(State.COMPLETED, 1)] * len(before)
        assert "lost its lease" not in program.log()
        await rig.check()


@pytest.mark.parametrize("lent", [False, True])
async def test_a_cancelled_statement_whose_peer_is_silent_holds_nobody_up(postgres_url: str, lent: bool) -> None:
    proxy = Proxy(postgres_url)
    pool = Pool(await proxy.start(), PostgresOptions(pool_size=2, application_name="silent"), lent=lent)
    admin = await asyncpg.connect(postgres_url)
    try:
        await pool.open()
        asking = asyncio.create_task(_sleep_in_transaction(pool) if lent else pool.fetchval("SELECT pg_sleep(60)"))
        sleeps = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'silent' AND wait_event = 'PgSleep'"
        async with asyncio.timeout(PATIENCE):
            while not await admin.fetchval(sleeps):  # noqa: ASYNC110 - the server has no signal for it
                await asyncio.sleep(0.01)
        proxy.swallow()
        cancelled_at = time.monotonic()
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        await pool.close()
        # The driver alone would wait for as long as a statement may take: 30 s.
        assert time.monotonic() - cancelled_at < 3 * CANCEL_S + 5 + MACHINE
    finally:
        await admin.close()
        await pool.close()
        await proxy.close()


async def _sleep_in_transaction(pool: Pool) -> None:
    async with transaction(pool) as conn:
        await conn.fetchval("SELECT pg_sleep(60)")
