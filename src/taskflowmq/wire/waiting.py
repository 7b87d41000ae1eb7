"""Why a job waits, in JSON."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from taskflowmq.core.waiting import Wait, WaitCode
from taskflowmq.wire.kinds import Time


class CauseOut(msgspec.Struct, kw_only=True):
    """What a job waits for."""

    code: WaitCode
    text: Annotated[str, Meta(description="The same in a sentence")]
    stuck: Annotated[bool, Meta(description="Whether it does not end by itself: an operator has to act")]
    fix: Annotated[str | None, Meta(description="A command, or what else to do; null: nothing")]
    paused_at: Annotated[Time | None, Meta(description="Since when its queue is paused, if it waits for that to end")]
    paused_by: Annotated[str | None, Meta(description="Who paused it; null: that was not stored")]
    reason: Annotated[str | None, Meta(description="Why it is paused; null: no reason was given")]


class WhyOut(msgspec.Struct, kw_only=True):
    """Why a job has not started, as the store knows it now."""

    waiting: Annotated[bool, Meta(description="False: it runs, or it has ended")]
    causes: Annotated[
        list[CauseOut], Meta(description="What has to happen first, in this order; none if it does not wait")
    ]
    ahead: Annotated[
        int | None,
        Meta(description="Ready jobs of its queue that are claimed before it, at most 10,000; null: it is not ready"),
    ]
    ahead_exact: Annotated[bool, Meta(description="False: at least this many are ahead of it")]
    eta_seconds: Annotated[
        float | None,
        Meta(
            description="Seconds until it starts, at about the rate of the last 5 minutes; at least that if `ahead` "
            "is not exact. null: not known, or it does not start before an operator acts"
        ),
    ]


def why_out(wait: Wait) -> WhyOut:
    """Return the answer for a job."""
    waits = wait.code not in (WaitCode.RUNNING, WaitCode.ENDED)
    return WhyOut(
        waiting=waits,
        causes=[_cause_out(wait)] if waits else [],
        ahead=wait.ahead,
        ahead_exact=wait.ahead_exact,
        eta_seconds=wait.eta_seconds,
    )


def _cause_out(wait: Wait) -> CauseOut:
    pause = wait.pause
    return CauseOut(
        code=wait.code,
        text=wait.text,
        stuck=wait.stuck,
        fix=wait.fix,
        paused_at=None if pause is None else pause.at,
        paused_by=None if pause is None else pause.by,
        reason=None if pause is None else pause.reason,
    )
