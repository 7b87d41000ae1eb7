"""The two demonstration tasks."""

import math

import pytest

from taskflowmq import InvalidJob
from taskflowmq.tasks import demo, images, registry
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


@pytest.mark.parametrize("seconds", [-1, 3600.1])
def test_a_wait_outside_the_range_is_refused_before_anything_is_stored(seconds: float) -> None:
    with pytest.raises(InvalidJob, match=r"args\.seconds"):
        registry.test_task.job(seconds=seconds)


@pytest.mark.parametrize(("width", "height", "field"), [(0, None, "width"), (1, -1, "height"), (10_001, 1, "width")])
def test_a_size_outside_the_range_is_refused_too(width: int, height: int | None, field: str) -> None:
    with pytest.raises(InvalidJob, match=rf"args\.{field}"):
        registry.image_resize_task.job("a.png", width, height)
    assert registry.MAX_SIDE == images.MAX_SIDE
