"""One running job: the worker's record of its run, and the ``Context`` that its handler sees of it.

What must stay true: a handler finds only the documented names on its context, and a job whose handler takes no context
pays for none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableMapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import msgspec

from taskflowmq.core.directives import Stop
from taskflowmq.core.errors import InvalidJob, WrongContext
from taskflowmq.core.hidden_values import HiddenValues
from taskflowmq.core.job import ClaimedJob
from taskflowmq.core.job_logs import Line
from taskflowmq.core.redacted import hidden_values, shown_texts
from taskflowmq.core.transitions import Transition, decide
from taskflowmq.core.validation import MAX_META_BYTES, check_storable, check_text
from taskflowmq.ports.chance import chance
from taskflowmq.ports.context import Context, StopReason, WorkerState
from taskflowmq.ports.store import Claims
from taskflowmq.ports.tasks import Runs, TaskSpec
from taskflowmq.worker.protected_tasks import ProtectedTask
from taskflowmq.worker.running.capture import captured
from taskflowmq.worker.running.pools import Ending
from taskflowmq.worker.settling.job_logs import LinesOfRun
from taskflowmq.worker.settling.outcome import encoded

log = logging.getLogger("taskflowmq.job")

#: Characters of the text beside a progress.
MAX_PROGRESS_TEXT = 1_000
#: Why a body received a stop request.
CANCEL: StopReason = "cancel"
TIMEOUT: StopReason = "timeout"
HAND_BACK: StopReason = "drain"
LEASE_LOST: StopReason = "lease_lost"


class ProgressSink(Protocol):
    """The receiver of progress; called from any thread."""

    def put(self, job_id: UUID, lease_no: int, value: bytes) -> None:
        """Remember the last progress of a job, to be written soon."""
        ...


class LineSink(Protocol):
    """The receiver of what bodies log; called from any thread."""

    def put(self, run: Run, line: Line) -> None:
        """Take a line of a run that has not ended."""
        ...


class JobLogger(logging.LoggerAdapter[logging.Logger]):
    """Adds the job's id, task and attempt to every record of a handler, and keeps its lines with the job."""

    def __init__(self, run: Run, extra: dict[str, Any]) -> None:
        super().__init__(log, extra)
        self._run = run

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a record; a line of INFO or above is kept whatever levels the program has configured."""
        if self._run.keeps_lines and (level >= logging.INFO or self.isEnabledFor(level)):
            self._run.keep(captured(self._run, level, msg, args, kwargs))
        # Without this frame, the place of a record would be here.
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        super().log(level, msg, *args, **kwargs)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Merge the job's fields with the caller's ``extra``."""
        kwargs["extra"] = {**(self.extra or {}), **kwargs.get("extra", {})}
        return msg, kwargs


class Stoppable(Protocol):
    """What runs a body: a task, a process."""

    def end(self) -> object:
        """End the body by force."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """The services that handlers of one process use through their contexts."""

    claims: Claims
    progress: ProgressSink
    state: WorkerState
    #: None: lines of bodies are not kept.
    lines: LineSink | None = None


class HandlerContext(Context):
    """What a handler may do with its run. Its public names are those of ``Context``; the rest is the worker's."""

    _log: JobLogger | None = None

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def job(self) -> ClaimedJob:
        """The claimed job."""
        return self._run.job

    @property
    def state(self) -> WorkerState:
        """What ``@app.on_worker_start`` made in this process, by attribute."""
        return self._run.reach.state

    @property
    def cancelled(self) -> bool:
        """Whether the body received a stop request: by a user, its timeout, or a worker that must end."""
        return self._run.asked_to_stop

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the body received a stop request; None: it received none."""
        return self._run.stop

    def stopped(self) -> Stop:
        """Return what to raise to end the body as its stop request says."""
        if self._run.stop is None:
            raise WrongContext("ctx.stopped() requires a stop request, and this job has none: check ctx.stop_reason")
        return Stop(f"stopped: {self._run.stop}")

    @property
    def log(self) -> JobLogger:
        """A logger whose records carry the job's id, task and attempt."""
        if self._log is None:
            job = self._run.job
            self._log = JobLogger(self._run, {"job_id": str(job.id), "task": job.task, "attempt": job.attempt})
        return self._log

    def progress(self, value: Any, text: str | None = None) -> None:
        """Publish progress: a number 0…1, with a text if there is one, or a JSON object; the last one within a second
        wins.

        Raises:
            InvalidJob: the value is neither, or cannot be stored; or a text stands beside an object.
        """
        self._run.put_progress(progress_json(value, text))

    async def complete(self, result: Any = None, *, conn: Any) -> None:
        """Complete the job in the caller's transaction on an async connection."""
        await self._run.reach.claims.settle_on(conn, self._completion(result))
        self._run.completed_by_caller = True

    def complete_sync(self, result: Any = None, *, conn: Any) -> None:
        """Complete the job in the caller's transaction on a blocking connection."""
        self._run.reach.claims.settle_on_sync(conn, self._completion(result))
        self._run.completed_by_caller = True

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Open a transaction on a native connection of the store."""
        return self._run.reach.claims.transaction()

    def _completion(self, result: Any) -> Transition:
        spec = self._run.spec
        return decide(self._run.job, encoded(self._run, result), policy=spec.retry, rand=chance.random())


class Run:
    """The worker's record of one claimed job under its fence.

    Args:
        job: the claimed job.
        spec: its task.
        reach: the services of its handler.
    """

    # Defaults of the class: one of these is made per job, and most of its fields never change.
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
    #: What to end to stop the body by force; None: it can only receive a stop request.
    stoppable: Stoppable | None = None
    #: The thread in which the body runs, if any, and the future of its result.
    thread_id: int | None = None
    ending: asyncio.Future[Ending] | None = None
    #: The body's exception, for the hooks of failures.
    raised: BaseException | None = None
    #: The jobs whose end this body waits for now.
    awaited: frozenset[UUID] = frozenset()
    #: What it has logged, once it has.
    lines: LinesOfRun | None = None
    #: The values of its job that no reader is shown, once a text was stored.
    _hidden: HiddenValues | None = None
    #: What the handler sees, once it was made.
    view: HandlerContext | None = None
    view_type: type[HandlerContext] = HandlerContext

    def __init__(self, job: ClaimedJob, spec: TaskSpec, reach: Reach) -> None:
        self.job = job
        self.spec = spec
        self.reach = reach

    @property
    def context(self) -> HandlerContext:
        """The handler's context, made at its first use: most handlers take none."""
        view = self.view
        if view is None:
            view = self.view_type(self)
            if not self.ended:  # a run that has ended forgets its context, or the two would wait for the collector
                self.view = view
        return view

    @property
    def hidden(self) -> HiddenValues:
        """The values of its job that no reader is shown, found at the first text that is stored."""
        if self._hidden is None:
            self._hidden = hidden_values(self.spec.hides, self.job.args, self.job.meta)
        return self._hidden

    @property
    def is_coroutine(self) -> bool:
        """Whether the body runs on the worker's loop."""
        return self.spec.runs is Runs.COROUTINE

    @property
    def asked_to_stop(self) -> bool:
        """Whether the body received a stop request."""
        return self.stop is not None

    def put_progress(self, value: bytes) -> None:
        """Pass on progress that was checked, without the values of its job that no reader is shown."""
        shown = shown_texts(value, self.hidden)
        self.reach.progress.put(self.job.id, self.job.lease_no, value if shown is None else shown)

    @property
    def keeps_lines(self) -> bool:
        """Whether what it logs now may be kept."""
        return self.reach.lines is not None and not self.ended

    def keep(self, line: Line) -> None:
        """Pass on what the body has logged; afterwards nothing more is taken."""
        if self.reach.lines is not None and not self.ended:
            self.reach.lines.put(self, line)

    def has_ended(self) -> bool:
        """Tell whether the outcome is decided."""
        return self.ended

    def ask_to_stop(self, why: StopReason) -> None:
        """Send the body a stop request, once; the first reason stays."""
        if self.stop is None and not self.ended:
            self.stop = why
            if self.stoppable is not None:
                self.stoppable.end()


def progress_json(value: Any, told: str | None = None) -> bytes:
    """Return progress as JSON, or raise :class:`InvalidJob`.

    Args:
        value: a number 0…1 or an object.
        told: a text beside a number: what is stored is ``{"value", "text"}``.
    """
    if told is not None:
        if not isinstance(value, int | float):
            raise InvalidJob.at("/progress/text", "stands beside a number 0…1; put it into the object instead")
        _check_share(value)
        value = {"value": value, "text": check_text("/progress/text", told, MAX_PROGRESS_TEXT)}
    if isinstance(value, bool) or not isinstance(value, int | float | dict):
        raise InvalidJob.at("/progress", f"must be a number 0…1 or an object, got {type(value).__name__}")
    if not isinstance(value, dict):
        _check_share(value)
    try:
        text = msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidJob.at("/progress", str(error)) from None
    if len(text) > MAX_META_BYTES:
        raise InvalidJob.at("/progress", f"is {len(text)} bytes, more than {MAX_META_BYTES}")
    if isinstance(value, dict):
        check_storable(value, "/progress")
    return text


def _check_share(value: float) -> None:
    if isinstance(value, bool) or not 0 <= value <= 1:
        raise InvalidJob.at("/progress", f"must be 0…1, got {value!r}")
