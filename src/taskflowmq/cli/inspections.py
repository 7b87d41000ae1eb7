"""``taskflow jobs stack`` and ``taskflow jobs profile``: what a running job does now, and where its time goes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import click

from taskflowmq.cli.exits import CommandError, Exit
from taskflowmq.cli.options import database_option, json_option, option, reason_option, tenant_option
from taskflowmq.cli.output import duration, emit_json, say
from taskflowmq.cli.profile_text import collapsed, speedscope, tree
from taskflowmq.cli.program import with_store
from taskflowmq.core.errors import NotRunning
from taskflowmq.core.inspection import (
    DEFAULT_SECONDS,
    MAX_SECONDS,
    MIN_SECONDS,
    OUTER_FRAMES,
    BodyKind,
    Circumstances,
    Inspection,
    InspectionState,
    ProfileAnswer,
    Stack,
    StackAnswer,
    sentence_of,
)
from taskflowmq.wire.inspection import profile_out, stack_out

#: Between two stacks of a job that is watched.
WATCH_S = 1.0
_WHERE = {
    BodyKind.COROUTINE: "as a coroutine in process",
    BodyKind.THREAD: "in a thread of process",
    BodyKind.PROCESS: "in process",
}


@click.command("stack")
@click.argument("job_id", metavar="ID")
@click.option("--watch", is_flag=True, help="Show it again each second, until the job ends.")
@reason_option
@tenant_option
@database_option
@json_option
def stack(job_id: str, *, watch: bool, **given: Any) -> None:
    """Show where a running job is now, as Python prints a traceback. No values of variables are read.

    Exits 5 if the job does not run, 6 if its worker does not answer.
    """
    tell: Callable[[Inspection], None] = _tell_json if given["as_json"] else _tell_text

    async def work(app: Any) -> None:
        tell(_answered(await app.jobs.astack(job_id, reason=given["reason"])))
        while watch:
            await asyncio.sleep(WATCH_S)
            try:
                found = await app.jobs.astack(job_id, reason=given["reason"])
            except NotRunning:
                return
            if found.state is InspectionState.ENDED:
                return
            if sys.stdout.isatty() and not given["as_json"]:
                click.clear()
            tell(_answered(found))

    with_store(given["database_url"], work, given["tenant"])


@click.command("profile")
@click.argument("job_id", metavar="ID")
@option(
    "--seconds",
    type=click.IntRange(MIN_SECONDS, MAX_SECONDS),
    default=DEFAULT_SECONDS,
    show_default=True,
    help="How long to look.",
)
@option(
    "--format",
    "style",
    type=click.Choice(["text", "collapsed", "speedscope"]),
    default="text",
    help="text: a tree; collapsed: one line per stack with its samples; speedscope: a file for speedscope.app.",
)
@reason_option
@tenant_option
@database_option
@json_option
def profile(job_id: str, seconds: int, style: str, **given: Any) -> None:
    """Show where the time of a running job goes. Its calls are looked at 100 times a second.

    Exits 5 if the job does not run, 6 if its worker does not answer. A job that ends before has a shorter profile.
    """

    async def work(app: Any) -> Inspection:
        return _answered(await app.jobs.aprofile(job_id, seconds, reason=given["reason"]))

    found = with_store(given["database_url"], work, given["tenant"])
    if given["as_json"]:
        emit_json(profile_out(found))
    elif (answer := found.profile) is not None:
        _tell_profile(answer, style, job_id)


def _tell_profile(answer: ProfileAnswer, style: str, job_id: str) -> None:
    if style == "speedscope":
        emit_json(speedscope(answer, f"job {job_id}"))
    else:
        for line in collapsed(answer) if style == "collapsed" else tree(answer):
            say(line)
    say(_circumstances(answer), err=style != "text")


def _answered(found: Inspection) -> Inspection:
    """Return a request that was answered.

    Raises:
        CommandError: it was not.
    """
    if found.state is InspectionState.ANSWERED:
        return found
    ended = found.state is InspectionState.ENDED
    raise CommandError(
        sentence_of(found),
        Exit.CONFLICT if ended else Exit.TIMEOUT,
        None if ended else "See its note with: taskflow workers list, and taskflow doctor",
    )


def _tell_json(found: Inspection) -> None:
    emit_json(stack_out(found))


def _tell_text(found: Inspection) -> None:
    answer = found.stack
    if answer is not None:
        for line in stack_lines(answer):
            say(line)


def stack_lines(answer: StackAnswer) -> list[str]:
    """Return stacks as Python prints tracebacks, with what is known of the process."""
    lines: list[str] = []
    for each in answer.stacks:
        lines += [*_traceback(each), ""]
    return [*lines, _circumstances(answer)]


def _traceback(each: Stack) -> list[str]:
    does = "waits" if each.waits else "runs"
    lines = [f"{each.kind.capitalize()} {each.name} {does} (most recent call last):"]
    for number, frame in enumerate(each.frames):
        if each.left_out and number == OUTER_FRAMES:
            lines.append(f"  ... {each.left_out} frames are left out")
        lines.append(f'  File "{frame.file}", line {frame.line}, in {frame.function}')
        if frame.code is not None:
            lines.append(f"    {frame.code}")
    if not each.frames:
        lines.append("  (no frames of the handler)")
    return lines


def _circumstances(answer: Circumstances) -> str:
    """Return where a body runs, for how long, and what its process uses, in a sentence."""
    age = "It has not begun" if answer.age is None else f"It has run for {duration(answer.age)}"
    parts = [f"{age}, {_WHERE[answer.body]} {answer.pid} on {answer.host}"]
    if answer.rss is not None:
        parts.append(f"{answer.rss / 2**20:.0f} MB of memory")
    if answer.cpu_seconds is not None:
        parts.append(f"{answer.cpu_seconds:.1f} s of processor time since the process started")
    return "; ".join(parts) + "." + ("" if answer.note is None else f"\nNote: {answer.note}.")
