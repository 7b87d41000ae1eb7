"""``taskflow jobs show --follow``: one line per change of a job, until it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from taskflowmq.cli.output import emit_json, say
from taskflowmq.core.feed import JobProbe, Pace
from taskflowmq.core.operations import not_found
from taskflowmq.wire.feed import job_moved


async def follow(app: Any, job_id: UUID, tell: Callable[[JobProbe], None]) -> None:
    """Read a job as a live feed does, and tell each state that differs from the one before, until a final one.

    Raises:
        JobNotFound: there is no such job, or it was deleted.
    """
    pace, before = Pace(), None
    while True:
        began = time.monotonic()
        found = await app.hub.call(lambda session: session.seen.probes.probe_jobs(app.tenant, [job_id]))
        now = time.monotonic()
        pace.end(now - began, now)
        if not found:
            raise not_found(job_id)
        (probe,) = found
        if probe != before:
            tell(probe)
            before = probe
        if probe.state.final:
            return
        await asyncio.sleep(max(pace.next_at - time.monotonic(), 0))


def tell_json(probe: JobProbe) -> None:
    """Write a change as one JSON document: a row of event ``jobs``."""
    emit_json(job_moved(probe.id, probe))


def tell_text(probe: JobProbe) -> None:
    """Write a change as one line."""
    at = probe.finished_at or probe.started_at or probe.run_at
    words = [f"{at:%H:%M:%S}Z", f"{probe.state:<9}", f"attempt {probe.attempt}"]
    if probe.round > 1:
        words.append(f"round {probe.round}")
    if probe.reason is not None:
        words.append(str(probe.reason))
    if probe.cancel_requested_at is not None and not probe.state.final:
        words.append("cancel requested")
    if probe.raw_progress is not None:
        words.append(f"progress {probe.raw_progress.decode()}")
    if probe.worker is not None:
        words.append(f"worker {probe.worker}")
    say("  ".join(words))
