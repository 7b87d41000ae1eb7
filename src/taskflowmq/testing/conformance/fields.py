"""Every field of a job reaches its worker and its readers, by each way into the store and through each way back.

Driven by the fields of ``NewJob``: a new one has a sample here by its type, and fails these tests wherever it is lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from taskflowmq.core.job import ClaimedJob, IdempotencyKey, JobFilter, JobView, NewJob, State, UniqueKey
from taskflowmq.core.operations import RetryAnswer
from taskflowmq.core.transitions import Crashed, Failed, HandedBack, Lost, Outcome, Snoozed
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NOON, Rig, StoreSuite, decoded

_BY_TYPE: dict[Any, Any] = {
    str: "sample",
    int: 77,
    float: 7.5,
    bool: True,
    bytes: b'{"sample":1}',
    datetime: NOON + timedelta(hours=2),
}
_DAY_MS = 86_400_000
#: Where a sample by type will not do.
_SAMPLES: dict[str, Any] = {
    "delay_ms": 60_000,
    "expires_in_ms": _DAY_MS,
    "tags": ("red", 'a "b", \\c'),
    "unique": UniqueKey(key="sample", free_at="finish"),
}
#: Fields that not every job may have, by the name of a kind of job: ready ones take ways of their own into a store.
KINDS: dict[str, tuple[str, ...]] = {
    "ready": (),
    "delayed": ("delay_ms",),
    "at": ("run_at",),
    "keyed": ("unique",),
}
_OF_A_KIND = frozenset(name for names in KINDS.values() for name in names)
#: Which lane of its queue a job stands in is seen in the order of claims only (TestClaims); ``args_version`` is for
#: workers, a unique key for readers.
_UNSEEN_BY_WORKERS, _UNSEEN_BY_READERS = {"share", "delay_ms", "unique"}, {"share", "args_version"}


def samples(kind: str) -> dict[str, Any]:
    """Return a value for every field that a job of this kind may have, but its id; none is the default."""
    wanted = {}
    for field in msgspec.structs.fields(NewJob):
        if field.name != "id" and (field.name not in _OF_A_KIND or field.name in KINDS[kind]):
            wanted[field.name] = _SAMPLES[field.name] if field.name in _SAMPLES else _by_type(field)
            assert wanted[field.name] != field.default, field.name
    return wanted


def _by_type(field: msgspec.structs.FieldInfo) -> Any:
    kinds = getattr(field.type, "__args__", (field.type,))
    value = next(_BY_TYPE[kind] for kind in kinds if kind in _BY_TYPE)
    return f"{value}-{field.name}" if isinstance(value, str) else value


def seen(job: NewJob, of: ClaimedJob | JobView, unseen: set[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a worker or reader should see of a job, and what it sees, by the job's own names."""
    due = job.run_at or of.created_at + timedelta(milliseconds=job.delay_ms)
    ends = None if job.expires_in_ms is None else of.created_at + timedelta(milliseconds=job.expires_in_ms)
    wanted: dict[str, Any] = {}
    got: dict[str, Any] = {}
    for name in NewJob.__struct_fields__:
        if name in unseen or name == "delay_ms":
            continue
        value = getattr(job, name)
        if name == "run_at":
            wanted[name], got[name] = due, of.run_at
        elif name == "expires_in_ms":
            wanted[name], got[name] = ends, of.expires_at
        elif name == "unique":
            wanted[name], got[name] = value and value.key, of.unique_key  # type: ignore[union-attr]
        elif isinstance(value, bytes):
            raw = getattr(of, f"raw_{name}", None) or getattr(of, name)
            wanted[name], got[name] = decoded(value), decoded(raw) if isinstance(raw, bytes) else raw
        else:
            wanted[name], got[name] = value, getattr(of, name)
    return wanted, got


def check_view(job: NewJob, view: JobView, *, but: set[str] | None = None) -> None:
    """Check that a reader sees all of a job."""
    wanted, got = seen(job, view, _UNSEEN_BY_READERS | (but or set()))
    assert got == wanted


def check_claimed(job: NewJob, claimed: ClaimedJob) -> None:
    """Check that a worker sees all of a job."""
    wanted, got = seen(job, claimed, _UNSEEN_BY_WORKERS)
    assert got == wanted


def _full(rig: Rig, kind: str, **other: Any) -> NewJob:
    return msgspec.structs.replace(rig.job(), **{**samples(kind), **other})


Way = Callable[[Rig, NewJob], Awaitable[None]]


async def _alone(rig: Rig, job: NewJob) -> None:
    await rig.enqueue(job)


async def _alike(rig: Rig, job: NewJob) -> None:
    """Among jobs that differ in id and arguments only."""
    others = [msgspec.structs.replace(job, id=rig.job().id, args=b'{"other":%d}' % n) for n in range(2)]
    await rig.enqueue(job, *(msgspec.structs.replace(other, unique=None) for other in others))


async def _bulk(rig: Rig, job: NewJob) -> None:
    """Behind a job with defaults only, whose shape must not be taken for this one's."""
    plain = NewJob(rig.job().id, "plain", b"{}", tenant=job.tenant)
    await rig.enqueue(plain, job)


async def _once(rig: Rig, job: NewJob) -> None:
    await rig.store.intake.enqueue([job], idempotency=IdempotencyKey(key="k", fingerprint="f" * 64))


async def _in_transaction(rig: Rig, job: NewJob) -> None:
    async with rig.store.claims.transaction() as conn:
        await rig.store.intake.enqueue_on(conn, [job])


WAYS: dict[str, Way] = {
    "alone": _alone,
    "alike": _alike,
    "bulk": _bulk,
    "once": _once,
    "in_transaction": _in_transaction,
}
#: How an attempt may end so that the job comes back, and whether it must run alone then.
COMES_BACK: dict[str, tuple[Outcome, bool]] = {
    "retried": (Failed(ERROR), False),
    "snoozed": (Snoozed(delay_ms=1_000), False),
    "handed_back": (HandedBack(), False),
    "lost": (Lost(), False),
    "isolated": (Crashed(ERROR), True),
}


class TestFields(StoreSuite):
    """NewJob, ClaimedJob and JobView: nothing of a job is lost."""

    def test_the_kinds_have_every_field_between_them(self) -> None:
        assert {name for kind in KINDS for name in samples(kind)} | {"id"} == set(NewJob.__struct_fields__)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("way", WAYS)
    async def test_a_reader_sees_all_of_a_job_whichever_way_it_came(self, rig: Rig, way: str, kind: str) -> None:
        job = _full(rig, kind)
        await WAYS[way](rig, job)
        jobs = rig.store.jobs
        check_view(job, await rig.view(job.id, tenant=job.tenant))
        listed = await jobs.list_jobs(JobFilter(tenant=job.tenant), limit=10, before=None)
        check_view(job, next(view for view in listed.items if view.id == job.id))
        (view,) = await jobs.get_many(job.tenant, [job.id])
        check_view(job, view)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("way", WAYS)
    async def test_a_worker_sees_all_of_a_job_whichever_way_it_came(self, rig: Rig, way: str, kind: str) -> None:
        job = _full(rig, kind)
        await WAYS[way](rig, job)
        check_claimed(job, await self._claim(rig, job))

    async def _claim(self, rig: Rig, job: NewJob, *, isolated: bool = False) -> ClaimedJob:
        """Wait until the job is due, and claim it."""
        await rig.after(3 * 3600)
        claimed = await rig.claim(
            await rig.worker(lease_ms=_DAY_MS), tenants=(job.tenant,), tasks=(job.task,), isolated=isolated
        )
        return next(each for each in claimed if each.id == job.id)

    @pytest.mark.parametrize("comes_back", COMES_BACK)
    async def test_nothing_is_lost_on_the_way_to_the_next_attempt(self, rig: Rig, comes_back: str) -> None:
        outcome, isolated = COMES_BACK[comes_back]
        job = _full(rig, "ready")
        await rig.enqueue(job)
        await rig.settle(await self._claim(rig, job), outcome)
        check_view(job, await rig.view(job.id, tenant=job.tenant), but={"run_at"})
        check_claimed(job, await self._claim(rig, job, isolated=isolated))

    async def test_nothing_is_lost_on_the_way_into_a_new_round(self, rig: Rig) -> None:
        job = _full(rig, "ready")
        await rig.enqueue(job)
        await rig.settle(await self._claim(rig, job), Failed(ERROR, retry=False))
        dead = await rig.view(job.id, tenant=job.tenant)
        assert dead.state is State.DEAD
        check_view(job, dead)
        assert await rig.store.jobs.retry(job.tenant, job.id) is RetryAnswer.NEW_ROUND
        check_claimed(job, await self._claim(rig, job))
