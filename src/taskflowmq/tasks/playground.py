"""Tasks of the playground: quick ones, slow ones, ones that compute, ones that succeed at the second attempt.

`taskflow dev` and `taskflow demo` give them to their app and to its worker; no other program has them.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from typing import Annotated, Any

from msgspec import Meta

from taskflowmq.client.task import task
from taskflowmq.core.playground import QUEUE, TASKS, Kind
from taskflowmq.core.retry import Retry
from taskflowmq.ports.context import Context

#: Retries come soon, so that a run of some seconds shows them.
_RETRY = Retry(max_attempts=3, initial=1, factor=2)
#: Rounds of a digest that take about 20 ms of a processor.
_ROUNDS = 40_000
_EXAMPLES = ({"number": 1}, {"number": 2, "fails": True})

Number = Annotated[int, Meta(ge=0, description="Number of the job within its run; it decides how long the job takes")]
Fails = Annotated[bool, Meta(description="Whether every attempt fails")]


class PlaygroundFailure(RuntimeError):
    """Raised by jobs that were asked to fail."""


def _dice(number: int) -> random.Random:
    return random.Random(number)


def _fail_if(fails: bool) -> None:
    if fails:
        raise PlaygroundFailure("This job fails on purpose: its stress test has a share of failures")


@task(name=TASKS[Kind.QUICK], queue=QUEUE, retry=_RETRY, timeout=30, examples=_EXAMPLES)
async def quick(number: Number = 0, fails: Fails = False) -> dict[str, Any]:
    """Wait for a few milliseconds, as for an answer from a cache."""
    await asyncio.sleep(_dice(number).uniform(0.001, 0.02))
    _fail_if(fails)
    return {"number": number}


@task(name=TASKS[Kind.SLOW], queue=QUEUE, retry=_RETRY, timeout=30, examples=_EXAMPLES)
async def slow(ctx: Context, number: Number = 0, fails: Fails = False) -> dict[str, Any]:
    """Wait for one to three seconds in steps, as for another service."""
    seconds, steps = _dice(number).uniform(1, 3), 4
    for step in range(steps):
        await asyncio.sleep(seconds / steps)
        ctx.progress((step + 1) / steps, f"step {step + 1} of {steps}")
    _fail_if(fails)
    return {"number": number, "seconds": round(seconds, 3)}


@task(name=TASKS[Kind.CPU], queue=QUEUE, retry=_RETRY, timeout=30, examples=_EXAMPLES)
def cpu(number: Number = 0, fails: Fails = False) -> dict[str, Any]:
    """Compute in a thread for some hundredths of a second."""
    digest = hashlib.pbkdf2_hmac("sha256", str(number).encode(), b"playground", _ROUNDS).hex()
    _fail_if(fails)
    return {"number": number, "digest": digest[:16]}


@task(name=TASKS[Kind.RETRIED], queue=QUEUE, retry=_RETRY, timeout=30, examples=_EXAMPLES)
async def retried(ctx: Context, number: Number = 0, fails: Fails = False) -> dict[str, Any]:
    """Fail at the first attempt and succeed at the second, as a call during a short outage."""
    await asyncio.sleep(_dice(number).uniform(0.005, 0.05))
    if ctx.attempt == 1:
        ctx.log.warning("the first attempt fails on purpose")
        raise ConnectionResetError("the connection was reset on purpose: the second attempt succeeds")
    _fail_if(fails)
    return {"number": number, "attempt": ctx.attempt}
