"""What a handler may read and do of the job that it runs: the public ``Context``, implemented by the worker."""

from __future__ import annotations

import logging
import types
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec

from taskflowmq.core.directives import Stop
from taskflowmq.core.errors import WrongContext
from taskflowmq.core.job import ClaimedJob

#: Why a body receives a stop request.
StopReason = Literal["drain", "cancel", "timeout", "lease_lost"]


class WorkerState(types.SimpleNamespace):
    """What ``@app.on_worker_start`` made in this process; handlers and hooks read it as ``ctx.state``."""

    def __getattr__(self, name: str) -> Any:
        """Explain what is missing."""
        raise AttributeError(f"no on_worker_start hook has set state.{name} in this process")


class Context(ABC):
    """The running job, its fence, and what its handler may do with them.

    Take it as the first parameter of a handler (it is not an argument of the job), or call :func:`current_context`.
    """

    @property
    @abstractmethod
    def job(self) -> ClaimedJob:
        """The claimed job."""

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        return self.job.attempt

    @property
    def lease_no(self) -> int:
        """The fence: grows with every claim of this job, never reset."""
        return self.job.lease_no

    @property
    def idempotency_key(self) -> str:
        """A key that is the same in every attempt of one round: give it to services that deduplicate."""
        return f"{self.job.id}:{self.job.round}"

    @property
    def headers(self) -> Mapping[str, Any]:
        """What travelled with the job: ``traceparent``, ``actor``, ``release``, each only if it is known."""
        raw = self.job.headers
        found: dict[str, Any] = msgspec.json.decode(raw) if raw else {}
        return found

    @property
    @abstractmethod
    def cancelled(self) -> bool:
        """Whether the body received a stop request; threads should check it regularly. ``stop_reason`` says why."""

    @property
    @abstractmethod
    def stop_reason(self) -> StopReason | None:
        """Why the body received a stop request; None: it received none.

        "drain": its worker ends or is replaced. "cancel": the job was cancelled. "timeout": its timeout has elapsed.
        "lease_lost": its worker may be considered lost.
        """

    @abstractmethod
    def stopped(self) -> Stop:
        """Return what to raise, or return, to end the body as its stop request says: ``raise ctx.stopped()``.

        After a drain the job goes back to its queue and costs no attempt, after a cancel it is cancelled, after its
        timeout it has timed out. After a lost lease it goes back unless another worker has it already.

        Raises:
            WrongContext: the body received no stop request.
        """

    @property
    @abstractmethod
    def state(self) -> Any:
        """What ``@app.on_worker_start`` made in this process, by attribute: ``ctx.state.http``."""

    @property
    @abstractmethod
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose records carry the job's id, task and attempt; its lines are kept with the job."""

    @abstractmethod
    def progress(self, value: Any, text: str | None = None) -> None:
        """Publish progress: a number 0…1, with a text such as "page 3 of 9" if there is one, or a JSON object.

        Cheap: written at most once a second, the last wins.
        """

    @abstractmethod
    async def complete(self, result: Any = None, *, conn: Any) -> None:
        """Complete the job inside the caller's transaction, so that its effects and the completion commit together.

        Raises:
            LeaseLost: the fence is gone; roll back.
        """

    @abstractmethod
    def complete_sync(self, result: Any = None, *, conn: Any) -> None:
        """The same on a blocking connection, for handlers in threads."""

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Open a transaction on a native connection of the store; pass it to :meth:`complete`.

        Raises:
            StoreUnavailable: the database is unreachable; the message says whether anything may be stored.
        """


class CurrentRun(Protocol):
    """The run to which the code of a handler belongs, as its worker knows it."""

    #: The claimed job.
    job: ClaimedJob
    #: The jobs whose end the body waits for now.
    awaited: frozenset[UUID]

    @property
    def context(self) -> Context:
        """What the handler sees of it."""
        ...

    @property
    def is_coroutine(self) -> bool:
        """Whether the body runs on the worker's loop; in a process of its own none does."""
        ...


@contextmanager
def awaiting(job_id: UUID) -> Iterator[None]:
    """If this is a handler, let the worker know that its body waits for another job's end."""
    run = running.get()
    if run is None:
        yield
        return
    run.awaited |= {job_id}
    try:
        yield
    finally:
        run.awaited -= {job_id}


running: ContextVar[CurrentRun | None] = ContextVar("taskflowmq_run", default=None)


def current_context() -> Context:
    """Return the Context of the job that is running here.

    Raises:
        WrongContext: no job is running in this task or thread.
    """
    run = running.get()
    if run is None:
        raise WrongContext("no job is running: call current_context() inside a handler")
    return run.context
