"""One running job inside a worker: the handler's ``Context`` and the worker's record of the run are one object,
because one allocation per job is enough.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol
from uuid import UUID

import msgspec

from taskflowmq.core.directives import Stop
from taskflowmq.core.errors import InvalidJob, WrongContext
from taskflowmq.core.job import ClaimedJob
from taskflowmq.core.transitions import Transition, decide
from taskflowmq.core.validation import MAX_META_BYTES, check_storable
from taskflowmq.ports.chance import chance
from taskflowmq.ports.context import Context, StopReason, WorkerState
from taskflowmq.ports.store import Claims
from taskflowmq.ports.tasks import TaskSpec
from taskflowmq.worker.protected_tasks import ProtectedTask
from taskflowmq.worker.running.pools import Ending
from taskflowmq.worker.settling.outcome import encoded

log = logging.getLogger("taskflowmq.job")

#: Why a body received a stop request.
CANCEL: StopReason = "cancel"
TIMEOUT: StopReason = "timeout"
HAND_BACK: StopReason = "drain"
LEASE_LOST: StopReason = "lease_lost"


class ProgressSink(Protocol):
    """Where progress goes; called from any thread."""

    def put(self, job_id: UUID, lease_no: int, value: bytes) -> None:
        """Remember the last progress of a job, to be written soon."""
        ...


class JobLogger(logging.LoggerAdapter[logging.Logger]):
    """Adds the job's id, task and attempt to every record of a handler."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Merge the job's fields with the caller's ``extra``."""
        kwargs["extra"] = {**(self.extra or {}), **kwargs.get("extra", {})}
        return msg, kwargs


class RunningContext(Context):
    """The run of one claimed job under its fence."""

    # Defaults of the class: one of these is made per job, and most of what can happen to it does not.
    #: Index of the slot, -1 before the body starts.
    slot = -1
    #: Monotonic seconds at which the body began, and at which it must have ended.
    began: float | None = None
    deadline: float | None = None
    #: Whether the outcome is decided; what the body does later changes nothing.
    ended = False
    #: CANCEL, TIMEOUT, HAND_BACK or LEASE_LOST once the body received a stop request.
    stop: StopReason | None = None
    #: Whether ``complete()`` wrote the completion in the caller's transaction.
    completed_by_caller = False
    #: The asyncio task that runs or awaits the body.
    task: ProtectedTask | None = None
    #: How to stop the body for real (cancel the task, kill the process); None: it can only be asked.
    interrupt: Callable[[], object] | None = None
    #: The thread in which the body runs, if any, and what it will deliver.
    thread_id: int | None = None
    ending: asyncio.Future[Ending] | None = None
    #: What the body raised, for the hooks that hear of failures.
    raised: BaseException | None = None
    _log: JobLogger | None = None

    def __init__(
        self, job: ClaimedJob, spec: TaskSpec, claims: Claims, progress: ProgressSink, state: WorkerState
    ) -> None:
        self._job = job
        self.spec = spec
        self._claims = claims
        self._progress = progress
        self._state = state

    @property
    def job(self) -> ClaimedJob:
        """The claimed job."""
        return self._job

    @property
    def state(self) -> WorkerState:
        """What ``@app.on_worker_start`` made in this process, by attribute."""
        return self._state

    @property
    def cancelled(self) -> bool:
        """Whether the body received a stop request: by a user, its timeout, or a worker that must end."""
        return self.stop is not None

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the body received a stop request; None: it received none."""
        return self.stop

    def stopped(self) -> Stop:
        """Return what to raise to end the body as it was asked to."""
        if self.stop is None:
            raise WrongContext("ctx.stopped() requires a stop request, and this job has none: check ctx.stop_reason")
        return Stop(f"stopped: {self.stop}")

    @property
    def log(self) -> JobLogger:
        """A logger whose records carry the job's id, task and attempt."""
        if self._log is None:
            fields = {"job_id": str(self._job.id), "task": self._job.task, "attempt": self._job.attempt}
            self._log = JobLogger(log, fields)
        return self._log

    def progress(self, value: Any) -> None:
        """Publish progress: a number 0…1 or a JSON object; the last one within a second wins.

        Raises:
            InvalidJob: the value is neither, or cannot be stored.
        """
        self.put_progress(progress_json(value))

    def put_progress(self, value: bytes) -> None:
        """Pass on progress that a body process has already checked."""
        self._progress.put(self._job.id, self._job.lease_no, value)

    async def complete(self, result: Any = None, *, conn: Any) -> None:
        """Complete the job in the caller's transaction on an async connection."""
        await self._claims.settle_on(conn, self._completion(result))
        self.completed_by_caller = True

    def complete_sync(self, result: Any = None, *, conn: Any) -> None:
        """Complete the job in the caller's transaction on a blocking connection."""
        self._claims.settle_on_sync(conn, self._completion(result))
        self.completed_by_caller = True

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Open a transaction on a native connection of the store."""
        return self._claims.transaction()

    def has_ended(self) -> bool:
        """Tell whether the outcome is decided."""
        return self.ended

    def ask_to_stop(self, why: StopReason) -> None:
        """Ask the body to stop, once; the first reason stays."""
        if self.stop is None and not self.ended:
            self.stop = why
            if self.interrupt is not None:
                self.interrupt()

    def _completion(self, result: Any) -> Transition:
        return decide(self._job, encoded(self.spec, result), policy=self.spec.retry, rand=chance.random())


def progress_json(value: Any) -> bytes:
    """Return progress as JSON, or raise :class:`InvalidJob`."""
    if isinstance(value, bool) or not isinstance(value, int | float | dict):
        raise InvalidJob.at("/progress", f"must be a number 0…1 or an object, got {type(value).__name__}")
    if not isinstance(value, dict) and not 0 <= value <= 1:
        raise InvalidJob.at("/progress", f"must be 0…1, got {value!r}")
    try:
        text = msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidJob.at("/progress", str(error)) from None
    if len(text) > MAX_META_BYTES:
        raise InvalidJob.at("/progress", f"is {len(text)} bytes, more than {MAX_META_BYTES}")
    if isinstance(value, dict):
        check_storable(value, "/progress")
    return text
