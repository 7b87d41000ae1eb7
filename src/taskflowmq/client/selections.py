"""The same operation on several jobs: each on its own, one answer per id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.operations import Answer, check

#: Operations in progress at once: a pool has six connections, and others need some of them meanwhile.
AT_ONCE = 3


class Done(NamedTuple):
    """What became of one job: an answer, or the error why nothing was done."""

    id: UUID
    answer: Answer | None
    error: TaskFlowError | None


async def on_each(ids: Sequence[UUID], act: Callable[[UUID], Awaitable[Answer]]) -> list[Done]:
    """Do an operation to each job, whatever becomes of the others, and return what became of each, in order.

    Args:
        ids: the jobs, none twice.
        act: does it to one; an answer that refuses becomes an error.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(job_id: UUID) -> Done:
        async with turns:
            try:
                answer = await act(job_id)
                check(answer, job_id)
            except TaskFlowError as error:
                return Done(job_id, None, error)
        return Done(job_id, answer, None)

    return await asyncio.gather(*map(one, ids))
