"""It was done, and whoever asked was told otherwise, or nothing (RELIABILITY F7, F8)."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from tests.faults.forgetful import CALLS, Forgetful
from tests.faults.rig import Program, Rig

from taskflowmq import Discard, Retry, Snooze, State, Unique, current_context, task
from taskflowmq.bootstrap.embed import EmbeddedWorker
from taskflowmq.bootstrap.stores import make_store
from taskflowmq.client.app import BaseApp
from taskflowmq.ports.store import ClaimRequest, NewWorker
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow

SEED = 20_261_122
ROUNDS = 60
#: Rounds in which the server is killed: when the first byte of its answer is there, or at any moment before.
KILLED = {9: "answered", 29: "any", 49: "answered"}

#: (job, lease number) of every body that began.
ledger: list[tuple[UUID, int]] = []


async def work() -> int:
    ctx = current_context()
    ledger.append((ctx.job.id, ctx.lease_no))
    await asyncio.sleep(0.01)
    return ctx.attempt


@task
async def plain(n: int) -> int:
    return await work()


@task(retry=Retry(initial=0.05))
async def flaky(n: int) -> int:
    if await work() == 1:
        raise ValueError("the first time")
    return n


@task
async def sleepy(n: int) -> int:
    await work()
    if sum(job == current_context().job.id for job, _ in ledger) == 1:
        raise Snooze(0.05)
    return n


@task
async def hopeless(n: int) -> None:
    await work()
    raise Discard("no chance")


#: How each kind ends: state, attempt, bodies begun.
ENDS = {
    "plain": (State.COMPLETED, 1, 1),
    "flaky": (State.COMPLETED, 2, 2),
    "sleepy": (State.COMPLETED, 1, 2),
    "hopeless": (State.DEAD, 1, 1),
}


async def lose_a_worker(url: str, app: BaseApp) -> set[UUID]:
    """Claim some jobs for a worker that never does anything, and return them."""
    store, worker = make_store(url), uuid4()
    await store.open()
    row = NewWorker(id=worker, supervisor=worker, host="gone", boot_id="", pid=1, version="0", lease_ms=500, info=b"{}")
    await store.workers.register(row)
    request = ClaimRequest(worker_id=worker, queues=(), tasks=app.tasks.names(), limit=20)
    claimed = await store.claims.claim(request)
    await store.close()
    return {job.id for job in claimed}


async def send_all(app: BaseApp) -> list[Any]:
    """Enqueue 560 jobs in every way, while answers get lost."""
    kinds = [app.tasks[name] for name in ENDS]
    bulks = [kinds[n % 4].job(n=n) for n in range(320)]
    handles = [handle for first in range(0, 320, 20) for handle in await app.aenqueue_many(bulks[first : first + 20])]
    handles += await asyncio.gather(*(kinds[0].aenqueue(n=n) for n in range(120)))
    later = kinds[0].using(delay=0.3)
    handles += await asyncio.gather(*(later.aenqueue(n=n) for n in range(80)))
    only = kinds[1].using(unique=Unique(by=("n",)))
    return handles + [await only.aenqueue(n=n) for n in range(1_000, 1_040)]


async def test_every_call_may_lose_its_answer_and_no_job_is_lost_doubled_or_stuck(sqlite_url: str) -> None:
    ledger.clear()
    stores: list[Forgetful] = []

    def forgetful(url: str) -> Any:
        stores.append(Forgetful(make_store(url), SEED, 0.1))
        return stores[-1]

    app = BaseApp(sqlite_url, make_store=forgetful)
    for one in (plain, flaky, sleepy, hopeless):
        app.include(one)
    async with app:
        handles = await send_all(app)
        ids = sorted(handle.id for handle in handles)
        gone = await lose_a_worker(sqlite_url, app)
        assert (len(set(ids)), len(gone)) == (560, 20)
        options = {"concurrency": 5, "lease": 1.0, "heartbeat": 0.05, "sweep": 0.2, "poll": 0.05}
        # Workers come and go, so that their ends are lost too.
        for done in range(50, 450, 50):
            async with EmbeddedWorker(app, options):
                await wait_until(lambda: len(ledger) > done, what="progress")  # noqa: B023

        async def views() -> Any:
            found = await app.store.board.get_many("default", ids)
            return found if all(view.state.final for view in found) else None

        async with EmbeddedWorker(app, options):
            ended = await wait_until(views, 19, what="the jobs to end")
            stats = await wait_until(app.store.board.stats)
        (store,) = stores
        assert await app.store.upkeep.check() == []
    assert {name for names in CALLS.values() for name in names} == set(store.lost), "a fault never struck"
    assert (sum(stats.states.values()), stats.states.get("running", 0)) == (560, 0)
    starts = Counter(job for job, _ in ledger)
    assert [(view.state, view.counters.attempt, starts[view.id]) for view in ended] == [ENDS[v.task] for v in ended]
    assert max(Counter(ledger).values()) == 1, "two bodies ran under one fence"
    # Every charge is explained: by a claim, answered or not, or by the worker that was lost.
    assert all(view.counters.lease_no == store.claimed[view.id] + (view.id in gone) for view in ended)
    assert {view.id for view in ended if view.counters.losses} >= gone
    assert all(view.counters.crashes == 0 for view in ended)


class Line:
    """What is between a client and a server: passes requests whole and a few bytes of the answers."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._server: tuple[str, int] = ("", 0)
        self._doomed: tuple[Program, str] | None = None

    def lead_to(self, url: str) -> None:
        at = urlsplit(url)
        self._server = (at.hostname or "", at.port or 0)

    def kill(self, program: Program, when: str) -> None:
        """Kill the server during the next request."""
        self._doomed = (program, when)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection(*self._server)
        with contextlib.suppress(ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            requests.write(head + await reader.readexactly(length))
            patience = None
            if self._doomed is not None and self._doomed[1] == "any":
                patience = self._rng.random() * 0.02
            answer = b""
            with contextlib.suppress(TimeoutError):
                answer = await asyncio.wait_for(answers.read(200), patience)
            if self._doomed is not None:
                self._doomed[0].signal_all(signal.SIGKILL)
                self._doomed = None
            writer.write(answer[: self._rng.randrange(0, 60)])
            await writer.drain()
        for side in (writer, requests):
            side.close()


async def listening(server: Program) -> str:
    """Wait until a server listens, and return where."""
    found = await wait_until(lambda: re.search(r"API on (http://\S+?)/api", server.log()), 20, what="the server")
    return found.group(1)


async def test_a_server_that_dies_between_commit_and_answer_has_stored_the_job_once(rig: Rig) -> None:
    rng = random.Random(SEED)
    line, ids = Line(rng), []
    server = rig.server()
    url = await listening(server)
    async with line.listening() as broken, httpx.AsyncClient() as client:
        for number in range(ROUNDS):
            line.lead_to(url)
            body = {"task": "quick", "args": {"n": number}}
            headers = {"Idempotency-Key": str(uuid4())}
            when = KILLED.get(number)
            if when is not None:
                line.kill(server, when)
            with pytest.raises(httpx.TransportError):
                await client.post(f"{broken}/api/v1/jobs", json=body, headers={**headers, "Connection": "close"})
            if when is not None:
                assert await server.wait() == -signal.SIGKILL
                server = rig.server()
                url = await listening(server)

            async def again() -> httpx.Response | None:
                answer = await client.post(f"{url}/api/v1/jobs", json=body, headers=headers)  # noqa: B023
                return answer if answer.status_code == 201 else None

            answers = [await wait_until(again, what="the job") for _ in range(2)]
            first, second = (answer.json() for answer in answers)
            assert (first["id"], first["args"]) == (second["id"], body["args"])
            ids.append(first["id"])
    assert len(set(ids)) == ROUNDS
    await rig.app.aopen()
    assert sum((await rig.app.jobs.astats()).states.values()) == ROUNDS
    await rig.check()
