"""The two demonstration tasks."""

import math

import pytest

from taskflowmq.tasks import demo
from taskflowmq.tasks.errors import InvalidInput


async def test_returns_what_it_was_given() -> None:
    assert await demo.test("hi", 0) == {"message": "hi", "seconds": 0}


@pytest.mark.parametrize("seconds", [-1, 3600.1, math.nan, math.inf])
async def test_refuses_a_wait_outside_the_range(seconds: float) -> None:
    with pytest.raises(InvalidInput, match="from 0 to 3600"):
        await demo.test(seconds=seconds)


async def test_the_failing_job_fails() -> None:
    with pytest.raises(demo.DemoFailure, match="on purpose"):
        await demo.failing_job()
    with pytest.raises(RuntimeError, match="mine"):
        await demo.failing_job("mine")
