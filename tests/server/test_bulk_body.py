"""A small list is decoded at once, a large one job by job, and the answer is the same."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.validation import MAX_BULK
from taskflowmq.server.api.v1 import bulk_body
from taskflowmq.server.api.v1.bulk_body import read_job, split_jobs
from taskflowmq.wire.job import JobBody

JOB = {"task": "greet", "args": {"name": "Ada"}, "tags": ["a"], "delay": 1.5}


@pytest.fixture(params=["small", "large"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "large":
        monkeypatch.setattr(bulk_body, "SMALL_BODY", 0)
    return str(request.param)


def read(document: Any) -> list[JobBody]:
    parts = split_jobs(msgspec.json.encode(document))
    return [part if isinstance(part, JobBody) else read_job(part, index) for index, part in enumerate(parts)]


def test_the_jobs_are_the_same(size: str) -> None:
    expected = msgspec.convert(JOB, JobBody)
    assert read({"jobs": [JOB, {"task": "other"}]}) == [expected, JobBody(task="other")]
    assert isinstance(split_jobs(msgspec.json.encode({"jobs": [JOB]}))[0], JobBody) == (size == "small")


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"jobs": []}, "/jobs"),
        ({"jobs": [JOB] * (MAX_BULK + 1)}, "/jobs"),
        ({"jobs": [JOB, {"task": 5}]}, "/jobs/1/task"),
        ({"jobs": [JOB, {"task": "greet", "unknown": 1}]}, "/jobs/1/unknown"),
        ({"jobs": [JOB, {}]}, "/jobs/1/task"),
        ({"jobs": [JOB, 5]}, "/jobs/1"),
        ({"jobs": "x"}, "/jobs"),
        ({}, "/jobs"),
        ({"jobs": [JOB], "other": 1}, "/other"),
    ],
)
def test_what_is_wrong_is_named_alike(size: str, document: Any, pointer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if size == "small":
        monkeypatch.setattr(bulk_body, "SMALL_BODY", 2**30)
    with pytest.raises(InvalidJob) as caught:
        read(document)
    assert [one.pointer for one in caught.value.errors] == [pointer]
