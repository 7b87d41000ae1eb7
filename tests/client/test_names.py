"""Names of tasks and queues have one limit wherever they are given; what is longer is refused, and the field named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from taskflowmq import InvalidJob, TaskFlow
from taskflowmq.core.validation import MAX_NAME_LENGTH

LONGEST, TOO_LONG = "n" * MAX_NAME_LENGTH, "n" * (MAX_NAME_LENGTH + 1)
REFUSED = rf"{{}}: must be 1–{MAX_NAME_LENGTH} of letters.*, got {len(TOO_LONG)} characters"


async def noop() -> None:
    return None


async def test_the_longest_names_of_a_task_and_a_queue_work(app: TaskFlow) -> None:
    app.task(name=LONGEST)(noop)
    async with app.worker(queues=[LONGEST], concurrency=1):
        handle = await app.asend(LONGEST, queue=LONGEST)
        await handle.aresult(timeout=60)
    [view] = (await app.jobs.alist(task=LONGEST, queue=LONGEST)).items
    assert (view.task, view.queue) == (LONGEST, LONGEST)


def test_a_declared_name_that_is_too_long_is_refused(app: TaskFlow) -> None:
    with pytest.raises(InvalidJob, match=REFUSED.format("task")):
        app.task(name=TOO_LONG)(noop)
    function: Any = type(noop)(noop.__code__, {}, TOO_LONG)
    with pytest.raises(InvalidJob, match=REFUSED.format("task")):
        app.task(function)
    with pytest.raises(InvalidJob, match=REFUSED.format("queue")):
        app.task(queue=TOO_LONG)(noop)
    assert list(app.tasks.names()) == []


CALLS: dict[str, Callable[[TaskFlow], Awaitable[Any]]] = {
    "task": lambda app: app.asend(TOO_LONG),
    "queue": lambda app: app.asend("noop", queue=TOO_LONG),
}
FILTERS: dict[str, Callable[[TaskFlow], Awaitable[Any]]] = {
    "task": lambda app: app.jobs.alist(task=TOO_LONG),
    "queue": lambda app: app.jobs.alist(queue=TOO_LONG),
}


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("calls", [CALLS, FILTERS])
async def test_a_given_name_that_is_too_long_is_refused(
    app: TaskFlow, kind: str, calls: dict[str, Callable[[TaskFlow], Awaitable[Any]]]
) -> None:
    app.task(noop)
    with pytest.raises(InvalidJob, match=REFUSED.format(kind)) as caught:
        await calls[kind](app)
    assert caught.value.errors[0].pointer == f"/{kind}"
