"""What the topics share: the fixtures, and a rig that drives one store with few words."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import pytest

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import ClaimedJob, Counters, Enqueued, HeldJob, JobView, NewJob, State
from taskflowmq.core.retry import Retry
from taskflowmq.core.transitions import Outcome, Succeeded, Transition, decide
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import ClaimRequest, Settled, Store
from taskflowmq.ports.store.workers import NewWorker
from taskflowmq.testing.clock import VirtualClock

T = TypeVar("T")
#: Far from today, so that a store that reads another clock fails.
NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
TASK = "task"
LEASE_MS = 30_000
#: Retries of the rig come after exactly this long.
RETRY_S = 7.0
POLICY = Retry(initial=RETRY_S, factor=1, jitter=0)

#: The tenant of jobs that name none.
TENANT = "default"

_numbers = itertools.count(1)


NewStore = Callable[[Clock | None], Store]


class Rig:
    """One store with its clock, and short methods for the steps that tests repeat."""

    def __init__(self, store: Store, clock: VirtualClock) -> None:
        self.store = store
        self.clock = clock

    def job(self, task: str = TASK, *, args: Any = None, age_s: float = 0, **options: Any) -> NewJob:
        """Return a job to enqueue whose id sorts after all earlier ones of the same time."""
        made = self.clock.now() - timedelta(seconds=age_s)
        job_id = uuid7((made - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), next(_numbers))
        return NewJob(id=job_id, task=task, args=msgspec.json.encode(args or {"n": 1}), **options)

    async def put(self, task: str = TASK, **options: Any) -> NewJob:
        """Enqueue one job and return it."""
        job = self.job(task, **options)
        await self.enqueue(job)
        return job

    async def enqueue(self, *jobs: NewJob) -> list[Enqueued]:
        """Enqueue jobs in one call."""
        return await self.store.intake.enqueue(jobs)

    async def worker(self, *, lease_ms: int = LEASE_MS, host: str = "host") -> UUID:
        """Register a worker and return its id."""
        worker_id = uuid7(next(_numbers), next(_numbers))
        await self.store.workers.register(new_worker(worker_id, lease_ms, host))
        return worker_id

    async def claim(
        self,
        worker_id: UUID,
        limit: int = 100,
        *,
        tenants: tuple[str, ...] = (TENANT,),
        queues: tuple[str, ...] = (),
        tasks: tuple[str, ...] = (TASK,),
        isolated: bool = False,
    ) -> list[ClaimedJob]:
        """Claim for a worker; from every queue of one tenant by default."""
        wanted = ClaimRequest(
            worker_id=worker_id, tenants=tenants, queues=queues, tasks=tasks, limit=limit, isolated=isolated
        )
        return await self.store.claims.claim(wanted)

    async def claim_one(self, worker_id: UUID | None = None, **options: Any) -> ClaimedJob:
        """Claim exactly one job, for a new worker unless one is given."""
        (job,) = await self.claim(worker_id or await self.worker(), 1, **options)
        return job

    async def running(self, **options: Any) -> ClaimedJob:
        """Enqueue a job and claim it; nothing else may be ready."""
        job = await self.put(**options)
        claimed = await self.claim_one(tenants=(job.tenant,), tasks=(job.task,), queues=(job.queue,))
        assert claimed.id == job.id
        return claimed

    async def settle(self, held: ClaimedJob | HeldJob, outcome: Outcome) -> Settled:
        """Decide what an outcome means and write it."""
        (settled,) = await self.store.claims.settle([transition(held, outcome)])
        return settled

    async def apply(self, held: ClaimedJob | HeldJob, outcome: Outcome) -> JobView:
        """Settle, check that it took effect, and return the job as it is then."""
        return await self.apply_in(TENANT, held, outcome)

    async def apply_in(self, tenant: str, held: ClaimedJob | HeldJob, outcome: Outcome) -> JobView:
        """Settle a tenant's job, check that it took effect, and return the job as it is then."""
        assert await self.settle(held, outcome) is Settled.APPLIED
        return await self.view(held.id, tenant=tenant)

    async def completed(self, **options: Any) -> UUID:
        """Enqueue, claim and complete a job."""
        held = await self.running(**options)
        return (await self.apply_in(held.tenant, held, Succeeded(b"1"))).id

    async def view(self, job_id: UUID, *, tenant: str = TENANT) -> JobView:
        """Return a job that must exist."""
        view = await self.store.jobs.get(tenant, job_id)
        assert view is not None, f"job {job_id} is gone"
        return view

    async def state(self, job_id: UUID) -> State:
        """Return the state of a job that must exist."""
        return (await self.view(job_id)).state

    async def after(self, seconds: float) -> None:
        """Move time and stage what has become due."""
        self.clock.advance(seconds)
        await self.store.upkeep.stage_due(1000)


class StoreSuite:
    """Base of every topic: its fixtures. The test module provides ``new_store``."""

    #: Whether two transactions cannot write at the same time on this engine.
    one_writer = False

    @pytest.fixture
    def clock(self) -> VirtualClock:
        """The one clock of both stores."""
        return VirtualClock(NOON)

    @pytest.fixture
    async def store(self, new_store: NewStore, clock: VirtualClock) -> AsyncIterator[Store]:
        """An open store on this test's database, which must be consistent afterwards."""
        store = new_store(clock)
        await store.open()
        yield store
        violations = await store.upkeep.check()
        await store.close()
        assert violations == []

    @pytest.fixture
    async def other_store(self, new_store: NewStore, clock: VirtualClock, store: Store) -> AsyncIterator[Store]:
        """A second store object on the same database: another process, another connection."""
        other = new_store(clock)
        await other.open()
        yield other
        await other.close()

    @pytest.fixture
    def rig(self, store: Store, clock: VirtualClock) -> Rig:
        """The store in hand."""
        return Rig(store, clock)

    @pytest.fixture
    def other(self, other_store: Store, clock: VirtualClock) -> Rig:
        """The other store in hand."""
        return Rig(other_store, clock)


def new_worker(
    worker_id: UUID, lease_ms: int = LEASE_MS, host: str = "host", *, release: str | None = None
) -> NewWorker:
    """Return a worker to register."""
    return NewWorker(
        id=worker_id,
        supervisor=uuid7(1, 1),
        host=host,
        boot_id="boot",
        pid=42,
        version="1.2.3",
        lease_ms=lease_ms,
        info=b'{"queues":["default"]}',
        release=release,
    )


def transition(held: ClaimedJob | HeldJob, outcome: Outcome) -> Transition:
    """Decide an outcome with the rig's policy and without jitter."""
    return decide(held, outcome, policy=POLICY, rand=0.0)


def counters(job: ClaimedJob) -> Counters:
    """Return the counters of a claimed job."""
    return Counters(job.round, job.attempt, job.crashes, job.losses, job.lease_no)


def ids(jobs: Iterable[NewJob | ClaimedJob | JobView | HeldJob | Enqueued]) -> list[UUID]:
    """Return the ids of jobs, in their order."""
    return [job.id for job in jobs]


def decoded(data: bytes | None) -> Any:
    """Return what JSON bytes say; engines may write the same JSON differently."""
    assert data is not None
    return msgspec.json.decode(data)
