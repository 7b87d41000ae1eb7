"""A cancel request that SQL obeys, where no Python sees it: the same words as ``core.transitions.obey_cancel``."""

from __future__ import annotations

import pytest
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq.core.job import State
from taskflowmq.core.operations import CancelAnswer
from taskflowmq.core.transitions import Failed, Outcome, Snoozed, decide, obey_cancel
from taskflowmq.stores.postgres import PostgresStore

pytestmark = pytest.mark.postgres

ERROR = b'{"type":"E","message":"m","traceback":""}'


@pytest.mark.parametrize("cancel", [False, True])
@pytest.mark.parametrize("outcome", [Failed(ERROR, retry_after_ms=0), Snoozed(0)])
async def test_a_request_that_a_strict_transaction_did_not_see_is_obeyed_when_the_job_is_due(
    store: PostgresStore, connect: Connect, outcome: Outcome, cancel: bool
) -> None:
    job = new_job()
    await store.intake.enqueue([job])
    (held,) = await store.claims.claim(request_for(await add_worker(store)))
    change = decide(held, outcome, rand=0)
    conn = await connect()
    async with conn.transaction(isolation="repeatable_read"):
        await conn.fetchval("SELECT count(*) FROM taskflow.job")  # the snapshot is from before the request
        if cancel:
            assert await store.jobs.cancel("default", job.id, actor="me") is CancelAnswer.REQUESTED
        await store.claims.settle_on(conn, change)
    view = await store.jobs.get("default", job.id)
    assert view is not None
    assert view.state is change.to
    await store.upkeep.stage_due(10)
    view = await store.jobs.get("default", job.id)
    assert view is not None
    asked = obey_cancel(change)
    assert (view.state, view.reason) == ((asked.to, asked.reason) if cancel else (State.PENDING, None))
