"""A list of jobs as it comes over REST: split into its jobs, which are then decoded one by one.

One body of 16 MiB may hold five million lists or a million names. What must stay true: no job is built before its size
was checked, at most 10,000 jobs are built, and other requests are served in between. A small body is decoded at once:
whatever its content, it costs little, and its jobs a sixth less.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.validation import MAX_BULK
from taskflowmq.server.edge.body import decode_body, inside
from taskflowmq.wire.job import BulkBody, JobBody

#: A job of a list may be as long as the body of a job alone.
MAX_JOB_BYTES = 1024 * 1024
#: Up to this size a body is decoded as it is.
SMALL_BODY = 256 * 1024
#: How long the jobs of one list may block other requests, in seconds.
SLICE_SECONDS = 0.01
#: The time is read after this many jobs of a small body, less one, and after each job of a large one.
_SMALL_STRIDE, _LARGE_STRIDE = 31, 0


class _TooMany(ValueError):
    """More jobs than a list may have."""


class _Counter:
    """Counts the jobs of the body that is being decoded; there is one at a time, since decoding never waits."""

    def __init__(self) -> None:
        self.left = 0

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _TooMany


_counter = _Counter()


class _Counted(msgspec.Struct, frozen=True):
    """A job of which nothing is kept: the first pass only counts, so a body of millions ends at the 10,001st."""

    def __post_init__(self) -> None:
        """Be counted."""
        _counter.take()


class _First(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    jobs: Annotated[list[_Counted], Meta(min_length=1)]


class _Second(msgspec.Struct, frozen=True):
    jobs: list[Raw]


def split_jobs(body: bytes) -> Sequence[JobBody | Raw]:
    """Return the jobs of a small list, or the JSON of each job of a large one, still unread.

    Raises:
        Problem: 400, the body is no JSON.
        InvalidJob: it is JSON, but no list of 1…10,000 jobs.
    """
    if len(body) <= SMALL_BODY:
        return decode_body(BulkBody, body).jobs
    _counter.left = MAX_BULK
    try:
        decode_body(_First, body)
    except InvalidJob as error:
        if _counter.left < 0:
            raise InvalidJob.at("/jobs", f"holds more than {MAX_BULK} jobs; send them in several requests") from error
        raise
    return decode_body(_Second, body).jobs


def read_job(part: Raw, index: int) -> JobBody:
    """Return a job of a list, decoded.

    Raises:
        InvalidJob: names the first wrong field.
    """
    size = len(memoryview(part))
    if size > MAX_JOB_BYTES:
        raise InvalidJob.at(f"/jobs/{index}", f"is {size} bytes of JSON, more than {MAX_JOB_BYTES}")
    try:
        return decode_body(JobBody, part)
    except InvalidJob as error:
        raise inside(index, error) from error


class Slices:
    """Lets other requests through between the jobs of one list.

    Args:
        parts: the list.
    """

    def __init__(self, parts: Sequence[JobBody | Raw]) -> None:
        self.stride = _SMALL_STRIDE if parts and isinstance(parts[0], JobBody) else _LARGE_STRIDE
        self._until = time.monotonic() + SLICE_SECONDS

    async def end(self) -> None:
        """Let other requests through, if it is time."""
        if time.monotonic() >= self._until:
            await asyncio.sleep(0)
            self._until = time.monotonic() + SLICE_SECONDS
