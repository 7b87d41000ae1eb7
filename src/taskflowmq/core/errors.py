"""Every error that TaskFlow raises on purpose, in one tree.

TaskFlowError
├── InvalidJob (also ValueError)      the arguments or options of a job are wrong; nothing was stored
│   └── BadFilter                     the text of a filter cannot be read
├── UnknownTask                       no such task here, nor in the store
├── NotUnique                         another live job holds the unique key, and on_conflict="raise"
├── IdempotencyMismatch               the Idempotency-Key was used with a different request
├── IdempotencyInFlight               the first request with this Idempotency-Key has not ended yet
├── Conflict                          the job, or the worker, is not in a state that allows this
│   ├── NotWaiting                    the job runs or has ended, so it has no time or lane to change
│   ├── NotRunning                    the job does not run, so it has no stack and no profile
│   ├── PlaygroundBusy                another stress test enqueues jobs in this server process
│   └── CommandNotSupported           the worker's version knows no commands
├── JobNotFound                       no such job in this tenant
├── QueueNotFound                     no such queue: no job has named it yet
├── BulkNotFound                      no such bulk operation, or it ended long ago
├── WorkerNotFound                    no such worker, or it ended long ago
├── TaskNotFound                      no such task has been announced
├── ErrorGroupNotFound                no such group of errors in this tenant
├── ViewNotFound                      no such saved view that this caller may read
├── InspectionNotFound                no stack or profile of this job was requested within the last hour
├── PlaygroundRunNotFound             no such stress test in this server process
├── JobFailed                         the awaited job ended dead
├── JobCancelled                      the awaited job was cancelled
├── ResultUnavailable                 the awaited job completed, but its result could not be stored
├── LeaseLost                         the fence of this attempt is gone: another claim owns the job
├── WrongContext                      a sync call inside a running event loop, or no current job
├── MissingExtra (also ImportError)    a feature needs packages of an extra that is not installed
├── StoreUnavailable                  the store did not answer; retrying later is safe
│   ├── StoreClosed                   this process has closed its connections to the store
│   └── StoreForbidden                the database denies its role a right that this needs
└── SchemaMismatch                    the store's schema is older or newer than this version can use
"""

from __future__ import annotations

from typing import NamedTuple

from taskflowmq.core.unique_keys import without_digest

#: Longest text of one error: it is shown, logged and returned, and the request that caused it may be hostile.
MAX_ERRORS = 20
MAX_POINTER = 300
MAX_FIELD_DETAIL = 500
MAX_DETAIL = 2_000


class FieldError(NamedTuple):
    """One wrong field: a JSON pointer into the request (``/args/to``) and a sentence."""

    pointer: str
    detail: str
    #: In a text: index of the first character that is wrong, from 0.
    position: int | None = None
    #: What was probably meant.
    hint: str | None = None

    def bounded(self) -> FieldError:
        """Return it cut to the longest text of an error."""
        return self._replace(pointer=bounded(self.pointer, MAX_POINTER), detail=bounded(self.detail, MAX_FIELD_DETAIL))


def bounded(text: str, longest: int) -> str:
    """Return text that can be printed, cut where it is longer."""
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class TaskFlowError(Exception):
    """Base of every error raised on purpose; ``code`` is stable and used by REST."""

    code = "error"


class InvalidJob(TaskFlowError, ValueError):
    """The arguments or options of a job are wrong; nothing was stored.

    Args:
        detail: what is wrong, in one sentence; cut after 2,000 characters.
        errors: the wrong fields, each with a JSON pointer; the first twenty are kept.
    """

    code = "invalid_job"

    def __init__(self, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        # The name of a wrong field may hold a lone surrogate, and an error that cannot be printed is lost.
        self.detail = bounded(detail, MAX_DETAIL)
        self.errors = tuple(one.bounded() for one in errors[:MAX_ERRORS])
        super().__init__(self.detail)

    @staticmethod
    def at(pointer: str, detail: str) -> InvalidJob:
        """Build an error that names one field."""
        pointer = bounded(pointer, MAX_POINTER)
        return InvalidJob(f"{pointer.removeprefix('/').replace('/', '.')}: {detail}", (FieldError(pointer, detail),))


class BadFilter(InvalidJob):
    """The text of a filter cannot be read.

    Args:
        kind: which rule it breaks; stable.
        detail: what is wrong, in one sentence.
        start: index of the first character that is wrong, counting characters from 0.
        end: index behind the last one.
        hint: the word that was probably meant.
    """

    def __init__(self, kind: str, detail: str, start: int, end: int, hint: str | None = None) -> None:
        detail = f"{detail} (character {start + 1})"
        super().__init__(f"filter: {detail}", (FieldError("/filter", detail, start, hint),))
        self.kind, self.start, self.end, self.hint = kind, start, end, hint


class UnknownTask(TaskFlowError):
    """No task of this name is registered here, nor has any worker announced it to the store."""

    code = "unknown_task"

    def __init__(self, name: str) -> None:
        super().__init__(f"task {name!r} is unknown: register it in this app, or start a worker that declares it")
        self.name = name


class NotUnique(TaskFlowError):
    """Another job holds the unique key; ``holder`` is its id."""

    code = "not_unique"

    def __init__(self, key: str, holder: str) -> None:
        # A digest of arguments says nothing to people, and gives short arguments away to those who try all.
        super().__init__(f"job {holder} holds the unique key {without_digest(key, '…')!r}")
        self.key = key
        self.holder = holder


class Conflict(TaskFlowError):
    """The job, or the worker, is in a state that does not allow this; nothing changed."""

    code = "conflict"


class NotWaiting(Conflict):
    """The job runs or has ended, so it has no time and no lane that could be changed; nothing changed."""

    code = "job_not_waiting"


class NotRunning(Conflict):
    """The job does not run, so it has no stack and no profile; nothing changed."""

    code = "job_not_running"


class PlaygroundBusy(Conflict):
    """Another stress test enqueues jobs in this server process; nothing was started."""

    code = "playground_busy"


class IdempotencyMismatch(TaskFlowError):
    """The Idempotency-Key was already used with a different request."""

    code = "idempotency_mismatch"


class IdempotencyInFlight(TaskFlowError):
    """The first request with this Idempotency-Key is still being stored; repeat the request."""

    code = "idempotency_in_flight"


class JobNotFound(TaskFlowError):
    """No such job in this tenant."""

    code = "not_found"


class WorkerNotFound(TaskFlowError):
    """There is no such worker, or it ended so long ago that the store no longer knows it."""

    code = "worker_not_found"


class CommandNotSupported(Conflict):
    """The worker is of a version that ignores commands; nothing changed."""

    code = "command_not_supported"


class BulkNotFound(TaskFlowError):
    """There is no such bulk operation, or it ended so long ago that the store no longer has it."""

    code = "bulk_not_found"


class QueueNotFound(TaskFlowError):
    """There is no such queue: no job has named it yet."""

    code = "queue_not_found"


class TaskNotFound(TaskFlowError):
    """There is no such task: no program has announced it, and no job has named it."""

    code = "task_not_found"


class ErrorGroupNotFound(TaskFlowError):
    """There is no such group of errors in this tenant, or it was deleted: not seen for long, or more than are kept."""

    code = "error_group_not_found"


class ViewNotFound(TaskFlowError):
    """There is no such saved view, or it is another owner's own."""

    code = "view_not_found"


class InspectionNotFound(TaskFlowError):
    """No stack or profile of this job was requested within the last hour."""

    code = "inspection_not_found"


class PlaygroundRunNotFound(TaskFlowError):
    """There is no such stress test in this server process; others do not know it."""

    code = "playground_run_not_found"


class JobFailed(TaskFlowError):
    """The awaited job ended dead; ``error`` holds its last error, ``reason`` why it ended."""

    code = "job_failed"

    def __init__(self, job_id: str, reason: str | None, error: dict[str, object] | None) -> None:
        text = f"{error.get('type')}: {error.get('message')}" if error else "no error was stored"
        super().__init__(f"job {job_id} is dead ({reason}): {text}")
        self.job_id = job_id
        self.reason = reason
        self.error = error


class JobCancelled(TaskFlowError):
    """The awaited job was cancelled; ``reason`` says by whom or why."""

    code = "job_cancelled"

    def __init__(self, job_id: str, reason: str | None) -> None:
        super().__init__(f"job {job_id} was cancelled ({reason})")
        self.job_id = job_id
        self.reason = reason


class ResultUnavailable(TaskFlowError):
    """The awaited job completed, but its result could not be stored, or not whole."""

    code = "result_unavailable"


class LeaseLost(TaskFlowError):
    """The fence of this attempt is gone: the job was rescued, and its effects belong to a later attempt."""

    code = "lease_lost"


class WrongContext(TaskFlowError):
    """A call that blocks was made inside a running event loop, or no job is running here."""

    code = "wrong_context"


class MissingExtra(TaskFlowError, ImportError):
    """A feature needs packages that are not installed; the message names the extra that brings them."""

    code = "missing_extra"


class StoreUnavailable(TaskFlowError):
    """The store cannot be reached, is locked, or its disk is full; trying again later is safe."""

    code = "store_unavailable"


class StoreClosed(StoreUnavailable):
    """This process has closed its connections to the store, or not opened them; a worker opens them again."""


class StoreForbidden(StoreUnavailable):
    """The database denies its role a right that this needs; it works as soon as the right is granted."""


class SchemaMismatch(TaskFlowError):
    """The store's schema does not fit this version of the library."""

    code = "schema_mismatch"


def for_one(error: BaseException) -> BaseException:
    """Return an error for one of several callers to raise: a shared one would collect the tracebacks of all.

    Only an outage reaches several callers at once; any other error is returned as it is.
    """
    if not isinstance(error, StoreUnavailable):
        return error
    own = type(error)(*error.args)
    own.__cause__ = error.__cause__ if error.__traceback__ is None else error
    return own
