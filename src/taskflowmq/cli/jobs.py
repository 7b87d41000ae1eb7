"""``taskflow jobs …``: list, read and steer jobs."""

from __future__ import annotations

import shlex
from typing import Any
from uuid import UUID

import click
from click.core import ParameterSource

from taskflowmq.cli.options import database_option, json_option, option, read_time, tenant_option
from taskflowmq.cli.output import emit_fields, emit_json, emit_table, say
from taskflowmq.cli.program import with_store
from taskflowmq.cli.show import attempt_json, error_line, job_json, job_summary, wait_and_show
from taskflowmq.core.filters import MAX_PAGE, split_words
from taskflowmq.core.job import JobView, State
from taskflowmq.core.operations import CancelAnswer, check


@click.group("jobs")
def command() -> None:
    """List, read, retry, cancel and delete jobs."""


@command.command("list")
@option("--state", env="TASKFLOW_STATE", help="States, separated by commas.")
@option("--queue", env="TASKFLOW_QUEUE", help="List only jobs of this queue.")
@option("--task", env="TASKFLOW_TASK", help="List only jobs of this task.")
@option("--tag", env="TASKFLOW_TAG", help="List only jobs with this tag.")
@option(
    "--created-after",
    env="TASKFLOW_CREATED_AFTER",
    metavar="TIME",
    help="List only jobs created at or after this time.",
)
@option(
    "--created-before", env="TASKFLOW_CREATED_BEFORE", metavar="TIME", help="List only jobs created before this time."
)
@option("--limit", env="TASKFLOW_LIMIT", type=click.IntRange(1, MAX_PAGE), default=50, help="Maximum number of jobs.")
@option("--before", metavar="ID", help="Continue after this job: the `next` of the previous page.")
@tenant_option
@database_option
@json_option
def list_command(database_url: str | None, as_json: bool, **given: Any) -> None:
    """List jobs, newest first. Times are written as 2026-01-31T12:00:00Z."""
    asked, tenant = dict(given), given.pop("tenant")
    if given["state"]:
        given["state"] = split_words(given["state"])
    for name in ("created_after", "created_before"):
        if given[name] is not None:
            given[name] = read_time(f"--{name.replace('_', '-')}", given[name])
    page = with_store(database_url, lambda app: app.jobs.alist(**given), tenant)
    if as_json:
        emit_json({"items": [job_json(view) for view in page.items], "next": page.next})
        return
    rows = [
        (*_first_cells(one), f"{one.attempt}/{one.max_attempts}", one.created_at, error_line(one.error))
        for one in page.items
    ]
    columns = ("id", "task", "queue", "state", "attempt", "created", "error")
    emit_table(columns, rows, empty="No jobs.", optional=("error",))
    if page.next is not None:
        say(f"More: {_following(asked, page.next)}", err=True)


def _first_cells(view: JobView) -> tuple[Any, ...]:
    return view.id, view.task, view.queue, view.state.value


def _following(asked: dict[str, Any], before: Any) -> str:
    """Return the command that continues with the same list."""
    words = ["taskflow", "jobs", "list"]
    for name, value in {**asked, "before": before}.items():
        # Options from the environment will apply again; a database's address may hold a password.
        source = click.get_current_context().get_parameter_source(name)
        if name == "before" or (value is not None and source is ParameterSource.COMMANDLINE):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)


@command.command("show")
@click.argument("job_id", metavar="ID")
@tenant_option
@database_option
@json_option
def show(job_id: str, **given: Any) -> None:
    """Show a job with its attempts."""

    async def work(app: Any) -> Any:
        view = await app.jobs.aget(job_id)
        why = None if view.state.final or view.state is State.RUNNING else await app.job(job_id).awhy()
        return view, await app.jobs.aattempts(job_id), why

    view, attempts, why = with_store(given["database_url"], work, given["tenant"])
    if given["as_json"]:
        listed = [attempt_json(one) for one in attempts]
        counts = {"attempts_total": attempts.total, "attempt_counts": attempts.counts}
        emit_json({"job": job_json(view), "attempts": listed, **counts, "why": why})
        return
    emit_fields(job_summary(view))
    click.echo()
    rows = [(one.attempt, one.outcome, one.started_at, one.finished_at, error_line(one.error)) for one in attempts]
    emit_table(("attempt", "outcome", "started", "finished", "error"), rows, empty="No attempts yet.")
    if attempts.gap:
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(attempts.counts.items()))
        click.echo(f"{attempts.total} attempts in total ({outcomes}); {attempts.gap} after the first 10 are not kept.")
    if view.error is not None:
        click.echo()
        say(_whole_error(view.error))
    if why is not None:
        click.echo()
        say(f"Why it waits: {why}")


def _whole_error(error: dict[str, Any]) -> str:
    """Return an error as Python prints it: the traceback, which ends with the type and the message, or those alone."""
    trace = str(error.get("traceback") or "").rstrip()
    line = f"{error.get('type')}: {error.get('message')}"
    return trace if line in trace else f"{trace}\n{line}".strip()


@command.command("retry")
@click.argument("job_id", metavar="ID")
@tenant_option
@database_option
@json_option
def retry(job_id: str, **given: Any) -> None:
    """Start a new round of a dead job, or make a waiting job due now."""
    _act(given, job_id, lambda app: app.jobs.aretry(job_id))


@command.command("cancel")
@click.argument("job_id", metavar="ID")
@tenant_option
@database_option
@json_option
def cancel(job_id: str, **given: Any) -> None:
    """Cancel a job, or request that its worker stop it; exits 5 if the job has ended."""

    async def act(app: Any) -> CancelAnswer:
        answer: CancelAnswer = await app.jobs.acancel(job_id)
        check(answer, UUID(job_id))
        return answer

    _act(given, job_id, act)


@command.command("delete")
@click.argument("job_id", metavar="ID")
@tenant_option
@database_option
@json_option
def delete(job_id: str, **given: Any) -> None:
    """Delete a job that has ended."""
    _act(given, job_id, lambda app: app.jobs.adelete(job_id))


@command.command("stats")
@tenant_option
@database_option
@json_option
def stats(**given: Any) -> None:
    """Count jobs by state and queue."""
    from taskflowmq.wire.queue import stats_out

    counts = with_store(given["database_url"], lambda app: app.jobs.astats(), given["tenant"])
    if given["as_json"]:
        emit_json(stats_out(counts))
        return
    emit_table(("state", "jobs"), sorted(counts.states.items()), empty="No jobs.")
    if not counts.exact:
        click.echo(f"Counted at {counts.as_of}.", err=True)


@command.command("wait")
@click.argument("job_id", metavar="ID")
@option("--timeout", env="TASKFLOW_WAIT_TIMEOUT", type=float, help="Maximum seconds to wait; default: no limit.")
@tenant_option
@database_option
@json_option
def wait(job_id: str, timeout: float | None, **given: Any) -> None:
    """Wait for a final state and print the result; exits 1 if the job failed, 6 after the timeout."""

    async def work(app: Any) -> None:
        await wait_and_show(app.job(job_id), timeout, as_json=given["as_json"])

    with_store(given["database_url"], work, given["tenant"])


def _act(given: dict[str, Any], job_id: str, act: Any) -> None:
    answer = with_store(given["database_url"], act, given["tenant"])
    word = "deleted" if answer is None else answer.value
    if given["as_json"]:
        emit_json({"id": job_id, "answer": word})
    else:
        click.echo(word.replace("_", " "))
