"""Why a job waits, in JSON."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from taskflowmq.core.waiting import Wait, WaitCode


class CauseOut(msgspec.Struct, kw_only=True):
    """What a job waits for."""

    code: WaitCode
    text: Annotated[str, Meta(description="The same in a sentence")]
    stuck: Annotated[bool, Meta(description="Whether it does not end by itself: an operator has to act")]
    fix: Annotated[str | None, Meta(description="A command, or what else to do; null: nothing")]


class WhyOut(msgspec.Struct, kw_only=True):
    """Why a job has not started, as the store knows it now."""

    waiting: Annotated[bool, Meta(description="False: it runs, or it has ended")]
    causes: Annotated[
        list[CauseOut], Meta(description="What has to happen first, in this order; none if it does not wait")
    ]


def why_out(wait: Wait) -> WhyOut:
    """Return the answer for a job."""
    if wait.code in (WaitCode.RUNNING, WaitCode.ENDED):
        return WhyOut(waiting=False, causes=[])
    return WhyOut(waiting=True, causes=[CauseOut(code=wait.code, text=wait.text, stuck=wait.stuck, fix=wait.fix)])
