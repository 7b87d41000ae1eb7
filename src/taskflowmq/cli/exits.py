"""From errors to exit codes and to sentences that say what happened, why, and what to do."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Sequence
from enum import IntEnum

import click
import msgspec

from taskflowmq.core.errors import (
    BulkNotFound,
    Conflict,
    ErrorGroupNotFound,
    IdempotencyInFlight,
    IdempotencyMismatch,
    InspectionNotFound,
    InvalidJob,
    JobCancelled,
    JobFailed,
    JobNotFound,
    NotUnique,
    QueueNotFound,
    SchemaMismatch,
    StoreForbidden,
    StoreUnavailable,
    TaskFlowError,
    TaskNotFound,
    UnknownTask,
    ViewNotFound,
    WorkerNotFound,
)
from taskflowmq.core.printable import escape, escape_lines
from taskflowmq.core.redact import redact_text


class Exit(IntEnum):
    """The exit code for the shell."""

    OK = 0
    FAILED = 1
    USAGE = 2
    STORE = 3
    NOT_FOUND = 4
    CONFLICT = 5
    TIMEOUT = 6
    HANDED_BACK = 75
    INTERRUPTED = 130


#: Errors of a write to a full disk, or to a device that is gone.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_CODES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Exit], ...] = (
    ((StoreUnavailable, SchemaMismatch), Exit.STORE),
    (
        (
            UnknownTask,
            JobNotFound,
            BulkNotFound,
            QueueNotFound,
            TaskNotFound,
            WorkerNotFound,
            ErrorGroupNotFound,
            InspectionNotFound,
            ViewNotFound,
        ),
        Exit.NOT_FOUND,
    ),
    ((Conflict, NotUnique, IdempotencyMismatch, IdempotencyInFlight), Exit.CONFLICT),
    (TimeoutError, Exit.TIMEOUT),
    ((JobFailed, JobCancelled), Exit.FAILED),
    ((InvalidJob, ValueError), Exit.USAGE),
)

_ADVICE: tuple[tuple[type[BaseException], str], ...] = (
    (
        StoreForbidden,
        "Grant the rights listed in docs/postgresql.md; taskflow doctor lists missing rights if the schema is readable",
    ),
    (StoreUnavailable, "Check TASKFLOW_DATABASE_URL or --database-url, and that the database runs: taskflow doctor"),
    (SchemaMismatch, "See: taskflow db status"),
    (BulkNotFound, "List bulk operations with: taskflow bulk list"),
    (JobNotFound, "List jobs with: taskflow jobs list"),
    (TaskNotFound, "List tasks with: taskflow tasks list"),
    (ErrorGroupNotFound, "List groups of errors with: taskflow errors list --state all"),
    (ViewNotFound, "List views with: taskflow views list"),
    (WorkerNotFound, "List workers with: taskflow workers list"),
    (QueueNotFound, "List queues with: taskflow queues list. To create a queue before its first job: --create"),
)


class CommandError(click.ClickException):
    """A failure that the command foresaw.

    Args:
        message: what went wrong and why.
        code: the exit code for the shell.
        advice: what to do.
    """

    def __init__(self, message: str, code: Exit = Exit.FAILED, advice: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.advice = advice


def explain(error: BaseException) -> CommandError | None:
    """Return how an error ends the command, or None for an unexpected one."""
    if isinstance(error, CommandError):
        return error
    if isinstance(error, OSError) and error.filename is None and error.errno in _NO_ROOM:
        return CommandError(f"cannot write the output: {error.strerror}")
    if not isinstance(error, TaskFlowError | TimeoutError):
        return None
    code = next((code for kinds, code in _CODES if isinstance(error, kinds)), Exit.FAILED)
    advice = next((advice for kind, advice in _ADVICE if isinstance(error, kind)), None)
    return CommandError(str(error) or type(error).__name__, code, advice)


def some_refused(refused: Sequence[BaseException], total: int, what: str) -> CommandError:
    """Return how a command on several things ends: the first refusal decides.

    Args:
        refused: the errors, at least one.
        total: how many things there were.
        what: their name, in the plural.
    """
    found = explain(refused[0])
    return CommandError(f"{len(refused)} of {total} {what} were refused", Exit.FAILED if found is None else found.code)


def report(error: CommandError, *, as_json: bool) -> None:
    """Write an error to standard error."""
    message = redact_text(error.message)
    if as_json:
        fields = {"error": {"exit_code": int(error.code), "message": message, "advice": error.advice}}
        click.echo(escape(msgspec.json.encode(fields).decode()), err=True)
        return
    click.echo(click.style("Error: ", fg="red") + escape_lines(message), err=True)
    if error.advice:
        click.echo(f"  {escape_lines(error.advice)}", err=True)


def report_usage(error: click.UsageError) -> None:
    """Write the error of a command line, as click does; a word of the line may be a secret."""
    click.UsageError(escape_lines(redact_text(error.format_message())), error.ctx).show()


def report_bug(error: BaseException) -> None:
    """Write the traceback of an unexpected error, without secrets: texts of drivers hold addresses."""
    trace = "".join(traceback.format_exception(error))
    click.echo(escape_lines(redact_text(trace)), err=True, nl=False)


def wants_json() -> bool:
    """Tell whether the command line asked for JSON, also before it was understood."""
    return "--json" in sys.argv[1:]
