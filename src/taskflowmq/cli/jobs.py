"""``taskflow jobs …``: list, read and steer jobs."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import click
from click.core import ParameterSource

from taskflowmq.cli.exits import some_refused
from taskflowmq.cli.files import written
from taskflowmq.cli.filter_options import filter_options, read_filters, view_option, with_view
from taskflowmq.cli.follow import follow, tell_json, tell_text
from taskflowmq.cli.inspections import profile, stack
from taskflowmq.cli.job_logs import logs
from taskflowmq.cli.job_options import read_object
from taskflowmq.cli.matching import matching_options, on_matching
from taskflowmq.cli.options import (
    database_option,
    json_option,
    option,
    read_span,
    read_time,
    reason_option,
    tenant_option,
)
from taskflowmq.cli.output import emit_fields, emit_json, emit_table, say
from taskflowmq.cli.program import with_store
from taskflowmq.cli.show import attempt_json, error_line, job_json, job_summary, place_text, wait_and_show
from taskflowmq.client.ids import parse_id
from taskflowmq.client.selections import on_each
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.core.job import JobView, State
from taskflowmq.core.operations import Answer, DeleteAnswer
from taskflowmq.wire.export import PART, ExportFormat, export_head, export_part
from taskflowmq.wire.listing import page_out


@click.group("jobs")
def command() -> None:
    """List, export, read, retry, reschedule, move, cancel and delete jobs, and read the stacks of running ones."""


@command.command("list")
@view_option
@filter_options
@option("--limit", env="TASKFLOW_LIMIT", type=click.IntRange(1, MAX_PAGE), default=50, help="Maximum number of jobs.")
@option("--before", metavar="ID", help="Continue after this job: the `next` of the previous page.")
@tenant_option
@database_option
@json_option
def list_command(database_url: str | None, as_json: bool, **given: Any) -> None:
    """List jobs, newest first unless --sort says otherwise. Times are written as 2026-01-31T12:00:00Z."""
    asked, tenant, view = dict(given), given.pop("tenant"), given.pop("view")
    wanted = read_filters(given)

    async def work(app: Any) -> Any:
        return await app.jobs.alist(**await with_view(app, view, wanted))

    page = with_store(database_url, work, tenant)
    if as_json:
        emit_json(page_out(page, str))
        return
    rows = [
        (*_first_cells(one), f"{one.attempt}/{one.max_attempts}", one.created_at, error_line(one.error))
        for one in page.items
    ]
    columns = ("id", "task", "queue", "state", "attempt", "created", "error")
    emit_table(columns, rows, empty="No jobs.", optional=("error",))
    if page.next is not None:
        if not page.complete:
            say(f"Examined {page.looked_at} jobs within the time limit; more may match.", err=True)
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


@command.command("export")
@view_option
@filter_options
@option(
    "--format",
    "style",
    env="TASKFLOW_EXPORT_FORMAT",
    type=click.Choice([one.value for one in ExportFormat]),
    default=ExportFormat.CSV.value,
    help="csv, or jsonl: one job per line, as REST returns it.",
)
@click.option("--output", metavar="FILE", type=click.Path(dir_okay=False), help="Default: standard output.")
@tenant_option
@database_option
def export(style: str, output: str | None, database_url: str | None, tenant: str | None, **given: Any) -> None:
    """Write all jobs that match, without a limit. A file appears, or is replaced, when it is complete."""
    view = given.pop("view")
    wanted, kind = read_filters(given), ExportFormat(style)

    async def work(app: Any) -> None:
        with nullcontext(sys.stdout.buffer) if output is None else written(output) as file:
            file.write(export_head(kind))
            async for page in app.jobs.apages(limit=PART, **await with_view(app, view, wanted)):
                file.write(export_part(kind, page.items))

    with_store(database_url, work, tenant)


@command.command("show")
@click.argument("job_id", metavar="ID")
@click.option("--follow", is_flag=True, help="First write a line for each change, until the job ends.")
@tenant_option
@database_option
@json_option
def show(job_id: str, **given: Any) -> None:
    """Show a job with its attempts. With --follow and --json, each line is a JSON document."""

    async def work(app: Any) -> Any:
        if given["follow"]:
            await follow(app, parse_id(job_id), tell_json if given["as_json"] else tell_text)
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
    rows = [
        (
            one.attempt,
            one.outcome,
            one.started_at,
            one.finished_at,
            _seconds(one.waited),
            one.host,
            error_line(one.error),
        )
        for one in attempts
    ]
    columns = ("attempt", "outcome", "started", "finished", "waited", "host", "error")
    emit_table(columns, rows, empty="No attempts yet.", optional=("waited", "host"))
    if attempts.gap:
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(attempts.counts.items()))
        click.echo(f"{attempts.total} attempts in total ({outcomes}); {attempts.gap} after the first 10 are not kept.")
    if view.error is not None:
        click.echo()
        say(_whole_error(view.error))
    if why is not None:
        click.echo()
        say(f"Why it waits: {why}")
        if why.ahead is not None:
            say(f"Ahead of it: {place_text(why)}")


@command.command("why")
@click.argument("job_id", metavar="ID")
@tenant_option
@database_option
@json_option
def why_command(job_id: str, **given: Any) -> None:
    """Say what a job waits for, how many jobs are ahead of it, and about how long it waits."""
    from taskflowmq.wire.waiting import why_out

    async def work(app: Any) -> Any:
        await app.jobs.aget(job_id)  # or it says that there is no such job
        return await app.job(job_id).awhy()

    why = with_store(given["database_url"], work, given["tenant"])
    if why is None:
        raise StoreUnavailable("the store did not say in time why the job waits: try again")
    if given["as_json"]:
        emit_json(why_out(why))
        return
    say(str(why))
    if why.ahead is not None:
        say(f"ahead of it: {place_text(why)}")


def _seconds(waited: float | None) -> str | None:
    return None if waited is None else f"{waited:.3f} s"


def _whole_error(error: dict[str, Any]) -> str:
    """Return an error as Python prints it: the traceback, which ends with the type and the message, or those alone."""
    trace = str(error.get("traceback") or "").rstrip()
    line = f"{error.get('type')}: {error.get('message')}"
    return trace if line in trace else f"{trace}\n{line}".strip()


command.add_command(logs)
command.add_command(stack)
command.add_command(profile)


@command.command("retry")
@click.argument("job_ids", metavar="[ID...]", nargs=-1)
@matching_options
@tenant_option
@database_option
@json_option
def retry(job_ids: tuple[str, ...], **given: Any) -> None:
    """Start a new round of dead jobs, or make waiting jobs due now: those named, or all that match --filter."""
    if not on_matching("retry", job_ids, given):
        _act(given, job_ids, lambda app: _reasoned(app.jobs.aretry, given))


@command.command("cancel")
@click.argument("job_ids", metavar="[ID...]", nargs=-1)
@matching_options
@tenant_option
@database_option
@json_option
def cancel(job_ids: tuple[str, ...], **given: Any) -> None:
    """Cancel jobs, or request that their workers stop them: those named, or all that match --filter.

    Exits 5 if a job that is named has ended.
    """
    if not on_matching("cancel", job_ids, given):
        _act(given, job_ids, lambda app: _reasoned(app.jobs.acancel, given))


@command.command("replay")
@click.argument("job_id", metavar="ID")
@click.option("--args", metavar="JSON", help="Other arguments, a JSON object by name; - reads standard input.")
@click.option("--queue", metavar="NAME", help="Another queue.")
@click.option("--run-at", metavar="TIME", help="When it is due; default: now.")
@reason_option
@tenant_option
@database_option
@json_option
def replay(job_id: str, args: str | None, queue: str | None, run_at: str | None, **given: Any) -> None:
    """Store a new job like one that is there, in any state, and print its id."""
    text = sys.stdin.buffer.read() if args == "-" else args
    other = None if text is None else read_object(text, "the arguments")
    at = None if run_at is None else read_time("--run-at", run_at)

    async def work(app: Any) -> Any:
        return await app.jobs.areplay(job_id, args=other, queue=queue, run_at=at, reason=given["reason"])

    handle = with_store(given["database_url"], work, given["tenant"])
    if given["as_json"]:
        emit_json({"id": handle.id, "replay_of": job_id, "created": handle.created})
    else:
        say(str(handle.id))


@command.command("reschedule")
@click.argument("job_ids", metavar="[ID...]", nargs=-1)
@click.option("--at", metavar="TIME", help="When they are due, as 2026-01-31T12:00:00Z; a time that is over means now.")
@click.option("--in", "--delay", "after", metavar="DURATION", help="How long from now, as 90s, 10m, 2h or 1d.")
@matching_options
@tenant_option
@database_option
@json_option
def reschedule(job_ids: tuple[str, ...], at: str | None, after: str | None, **given: Any) -> None:
    """Make scheduled, retrying or pending jobs due at another time: those named, or all that match --filter.

    Exits 5 if a job that is named runs or has ended.
    """
    from taskflowmq.client.bulks import BulkParams

    if (at is None) == (after is None):
        raise click.UsageError("one of these is required: --at TIME, --in DURATION")
    when = BulkParams(read_time("--at", at)) if at is not None else BulkParams(delay=read_span("--in", str(after)))
    if on_matching("reschedule", job_ids, given, when):
        return

    def rescheduling(app: Any) -> Callable[[UUID], Awaitable[Answer]]:
        async def act(job_id: UUID) -> Answer:
            answer: Answer = await app.jobs.areschedule(job_id, when.run_at, delay=when.delay, reason=given["reason"])
            return answer

        return act

    _act(given, job_ids, rescheduling)


@command.command("move")
@click.argument("job_ids", metavar="[ID...]", nargs=-1)
@click.option("--queue", metavar="NAME", help="Another queue; a new one is created.")
@click.option("--priority", type=int, metavar="N", help="Another priority, -100 to 100; a lower value runs sooner.")
@matching_options
@tenant_option
@database_option
@json_option
def move(job_ids: tuple[str, ...], queue: str | None, priority: int | None, **given: Any) -> None:
    """Give scheduled, retrying or pending jobs another queue or priority: those named, or all that match --filter.

    Exits 5 if a job that is named runs or has ended.
    """
    from taskflowmq.client.bulks import BulkParams

    if queue is None and priority is None:
        raise click.UsageError("at least one of these is required: --queue NAME, --priority N")
    if on_matching("move", job_ids, given, BulkParams(queue=queue, priority=priority)):
        return

    def moving(app: Any) -> Callable[[UUID], Awaitable[Answer]]:
        async def act(job_id: UUID) -> Answer:
            answer: Answer = await app.jobs.amove(job_id, queue=queue, priority=priority, reason=given["reason"])
            return answer

        return act

    _act(given, job_ids, moving)


@command.command("delete")
@click.argument("job_ids", metavar="[ID...]", nargs=-1)
@matching_options
@tenant_option
@database_option
@json_option
def delete(job_ids: tuple[str, ...], **given: Any) -> None:
    """Delete jobs that have ended: those named, or all that match --filter."""
    if on_matching("delete", job_ids, given):
        return

    def deleting(app: Any) -> Callable[[UUID], Awaitable[Answer]]:
        async def act(job_id: UUID) -> Answer:
            await app.jobs.adelete(job_id, reason=given["reason"])
            return DeleteAnswer.DELETED

        return act

    _act(given, job_ids, deleting)


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
        await wait_and_show(app, app.job(job_id), timeout, as_json=given["as_json"])

    with_store(given["database_url"], work, given["tenant"])


def _reasoned(act: Any, given: dict[str, Any]) -> Callable[[UUID], Awaitable[Answer]]:
    """Return an operation that says why, if the command does."""

    async def reasoned(job_id: UUID) -> Answer:
        answer: Answer = await act(job_id, reason=given["reason"])
        return answer

    return reasoned


def _act(given: dict[str, Any], job_ids: Sequence[str], acting: Callable[[Any], Callable[[UUID], Any]]) -> None:
    """Do an operation to each job and show what became of it; the first refusal decides how the command exits."""
    ids = list(dict.fromkeys(parse_id(one) for one in job_ids))
    done = with_store(given["database_url"], lambda app: on_each(ids, acting(app)), given["tenant"])
    refused = [one.error for one in done if one.error is not None]
    if refused and (len(ids) == 1 or all(isinstance(one.error, StoreUnavailable) for one in done)):
        raise refused[0]
    for one in done:
        if given["as_json"]:
            emit_json({"id": one.id, "answer": one.answer} | ({} if one.error is None else {"error": str(one.error)}))
        else:
            text = one.answer.replace("_", " ") if one.answer is not None else str(one.error)
            say(text if len(ids) == 1 else f"{one.id}  {text}")
    if refused:
        raise some_refused(refused, len(ids), "jobs")
