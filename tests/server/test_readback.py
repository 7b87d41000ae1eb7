"""What requests share is kept apart by tenant: the same id asked for by two tenants is two questions (W18)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from taskflowmq.client.watch import Watch
from taskflowmq.core.errors import JobNotFound
from taskflowmq.server.api.readback import Readback

ONE, OTHER = UUID(int=1), UUID(int=2)


class StoredJobs:
    """Jobs of tenant "a" only."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[UUID]]] = []

    async def get_many(self, tenant: str, job_ids: Sequence[UUID]) -> list[Any]:
        self.asked.append((tenant, list(job_ids)))
        await asyncio.sleep(0)
        view = SimpleNamespace(tenant=tenant, state=SimpleNamespace(final=True))
        return [SimpleNamespace(**vars(view), id=job_id) for job_id in job_ids] if tenant == "a" else []


async def test_a_readback_of_one_tenant_is_no_answer_to_another() -> None:
    jobs = StoredJobs()
    readback = Readback(jobs.get_many)
    asked = [("a", ONE), ("b", ONE), ("a", OTHER), ("a", ONE)]
    found = await asyncio.gather(*(readback.get(tenant, job_id) for tenant, job_id in asked))
    assert [view and (view.tenant, view.id) for view in found] == [("a", ONE), None, ("a", OTHER), ("a", ONE)]
    assert jobs.asked == [("a", [ONE, OTHER]), ("b", [ONE])]


async def test_a_wait_of_one_tenant_does_not_end_with_another_s_job() -> None:
    jobs = StoredJobs()
    watch = Watch(jobs, "a")  # type: ignore[arg-type]  # all that it asks
    mine, theirs = await asyncio.gather(watch.ended(ONE), watch.ended(ONE, "b"), return_exceptions=True)
    assert not isinstance(mine, BaseException)
    assert mine.id == ONE
    assert isinstance(theirs, JobNotFound)
    await watch.close()


@pytest.mark.parametrize("tenants", [("a", "a"), ("a", "b")])
async def test_waits_share_a_query_within_a_tenant_only(tenants: tuple[str, str]) -> None:
    jobs = StoredJobs()
    watch = Watch(jobs, "a")  # type: ignore[arg-type]  # all that it asks
    await asyncio.gather(
        *(watch.ended(job_id, tenant) for job_id, tenant in zip((ONE, OTHER), tenants, strict=True)),
        return_exceptions=True,
    )
    assert len(jobs.asked) == len(set(tenants))
    await watch.close()
