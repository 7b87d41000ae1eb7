"""How jobs, attempts and queues look in JSON on the command line: the words of the REST API."""

from __future__ import annotations

from typing import Any

from taskflowmq.cli.output import duration, emit_json, say
from taskflowmq.core.attempts import AttemptView
from taskflowmq.core.errors import JobCancelled, JobFailed
from taskflowmq.core.job import JobView
from taskflowmq.core.waiting import Wait
from taskflowmq.wire.job import AttemptOut, JobOut, attempt_out, job_fields, job_out


def job_json(view: JobView) -> JobOut:
    """Return a job as the REST API shows it."""
    return job_out(view)


def attempt_json(view: AttemptView) -> AttemptOut:
    """Return an attempt as the REST API shows it."""
    return attempt_out(view)


def error_line(error: dict[str, Any] | None) -> str | None:
    """Return a stored error on one line; None if there is none."""
    return None if error is None else f"{error.get('type')}: {error.get('message')}"


def job_summary(view: JobView) -> dict[str, Any]:
    """Return the summary of one job for people."""
    fields = job_fields(view)
    fields.pop("tenant")
    fields.pop("workflow_id", None)
    fields["error"] = error_line(view.error)
    if not fields["result_truncated"]:
        fields.pop("result_truncated")
    return fields


def place_text(why: Wait) -> str:
    """Return how many jobs are ahead of one, and about how long that takes: ``1,204 jobs, about 40 s``."""
    exact = why.ahead_exact
    jobs = f"{why.ahead:,}{'' if exact else '+'} {'job' if exact and why.ahead == 1 else 'jobs'}"
    if why.eta_seconds is None:
        # Where an operator has to act first, the sentence above says so.
        return jobs if why.stuck else f"{jobs}; how long that takes is not known"
    if not why.eta_seconds:
        return f"{jobs}, it is about to start"
    return f"{jobs}, {'about' if exact else 'more than'} {duration(why.eta_seconds)}"


async def wait_and_show(app: Any, handle: Any, timeout: float | None, *, as_json: bool) -> None:
    """Wait until a job has ended and write its result, or the whole job as JSON.

    Raises:
        JobFailed, JobCancelled: after the job was shown.
        TimeoutError: it has not ended.
    """
    failure: Exception | None = None
    try:
        await handle.aresult(timeout)
    except (JobFailed, JobCancelled) as error:
        failure = error
    view = await app.jobs.aget(handle.id)
    if as_json:
        emit_json(job_json(view))
    elif view.raw_result is not None:
        say(view.raw_result.decode())
    if failure is not None:
        raise failure
