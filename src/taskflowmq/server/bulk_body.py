"""A list of jobs as it comes over REST: split into its jobs, which are then decoded one by one.

One body of 16 MiB may hold five million lists or a million names. What must stay true: nothing is built of a job before
its size was looked at, at most 10,000 jobs are built, and other requests are served in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.limits import MAX_BULK
from taskflowmq.server.limits import decode_body, inside
from taskflowmq.server.schemas.requests import JobBody

#: A job of a list may be as long as the body of a job alone.
MAX_JOB_BYTES = 1024 * 1024
#: How long the jobs of one list may keep other requests waiting, in seconds.
SLICE_SECONDS = 0.005


class _TooMany(ValueError):
    """More jobs than a list may have."""


class _Counter:
    """Counts the jobs of the body that is being looked at; there is one at a time, since decoding never waits."""

    def __init__(self) -> None:
        self.left = 0

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _TooMany


_counter = _Counter()


class _Counted(msgspec.Struct, frozen=True):
    """A job of which nothing is kept: the first look only counts, so a body of millions ends at the 10,001st."""

    def __post_init__(self) -> None:
        """Be counted."""
        _counter.take()


class _First(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    jobs: Annotated[list[_Counted], Meta(min_length=1)]


class _Second(msgspec.Struct, frozen=True):
    jobs: list[Raw]


def split_jobs(body: bytes) -> Sequence[Raw]:
    """Return the JSON of each job of a list, still unread.

    Raises:
        Problem: 400, the body is no JSON.
        InvalidJob: it is JSON, but no list of 1…10,000 jobs.
    """
    _counter.left = MAX_BULK
    try:
        decode_body(_First, body)
    except InvalidJob as error:
        if _counter.left < 0:
            raise InvalidJob.at("/jobs", f"are more than {MAX_BULK}: send them in parts") from error
        raise
    return decode_body(_Second, body).jobs


async def decode_jobs(parts: Sequence[Raw]) -> AsyncIterator[JobBody]:
    """Decode one job after the other, and let other requests through in between.

    Raises:
        InvalidJob: names the first wrong field of the first wrong job.
    """
    until = time.monotonic() + SLICE_SECONDS
    for index, part in enumerate(parts):
        size = len(memoryview(part))
        if size > MAX_JOB_BYTES:
            raise InvalidJob.at(f"/jobs/{index}", f"is {size} bytes of JSON, more than {MAX_JOB_BYTES}")
        try:
            yield decode_body(JobBody, part)
        except InvalidJob as error:
            raise inside(index, error) from error
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + SLICE_SECONDS
