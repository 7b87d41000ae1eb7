"""What an enqueue returns: the job's id, and methods that read and control the job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from taskflowmq.client.deadline import done_within
from taskflowmq.client.hub import Hub
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.directives import Duration, to_ms
from taskflowmq.core.errors import JobCancelled, JobFailed, ResultUnavailable, TaskFlowError
from taskflowmq.core.job import JobView, State
from taskflowmq.core.operations import CancelAnswer, not_found
from taskflowmq.core.waiting import Wait, WaitCode
from taskflowmq.ports.context import awaiting

R_co = TypeVar("R_co", covariant=True)

#: The actor in a cancel request that a program made.
ACTOR = "python"
#: How long a call may continue after its timeout to find the reason, in seconds.
REASON_S = 0.2


class Handle(msgspec.Struct, Generic[R_co], eq=False, frozen=True):
    """One enqueued job.

    Attributes:
        id: the job's id.
        created: False if another job held the unique key, and this is that job.
    """

    id: UUID
    created: bool
    _hub: Hub[Session]
    _tenant: str
    _decode_result: Callable[[bytes], Any] = msgspec.json.decode

    def __repr__(self) -> str:
        """Show the id, for logs and consoles."""
        return f"<Handle {self.id}>"

    async def ajob(self) -> JobView:
        """Return the job as it is now.

        Raises:
            JobNotFound: it was deleted, or its transaction is not committed.
        """
        view = await self._hub.call(lambda session: session.asked.jobs.get(self._tenant, self.id))
        if view is None:
            raise not_found(self.id, enqueued_here=True)
        return view

    async def astate(self) -> State:
        """Return the job's state now."""
        return (await self.ajob()).state

    async def acancel(self) -> CancelAnswer:
        """Cancel the job, or request that its worker stop it if it runs.

        Returns:
            "cancelled", "requested" (it runs; its worker will stop it), or "final" (it had ended).

        Raises:
            JobNotFound: there is no such job.
        """
        answer = await self._hub.call(lambda session: session.asked.jobs.cancel(self._tenant, self.id, actor=ACTOR))
        if answer is CancelAnswer.NOT_FOUND:
            raise not_found(self.id)
        return answer

    async def aresult(self, timeout: Duration | None = None) -> R_co:
        """Wait until the job has ended, and return what its function returned.

        Args:
            timeout: how long to wait (seconds or timedelta); None waits as long as it takes.

        Raises:
            JobFailed: it is dead.
            JobCancelled: it was cancelled.
            TimeoutError: it has not ended yet; says why, if the store answers at once. The job itself is unchanged.
            ResultUnavailable: it completed, but its result could not be stored.
        """
        seconds = None if timeout is None else to_ms(timeout, "/timeout") / 1000
        limit = asyncio.timeout(seconds)
        try:
            with awaiting(self.id):
                async with limit:
                    view = await self._hub.call(lambda session: session.watch.ended(self.id, self._tenant))
        except TimeoutError:
            if not limit.expired():
                raise  # the store's answer
            reason = await self._found_reason()
            raise TimeoutError(f"job {self.id} has not ended within {seconds:g} s{reason}") from None
        _raise_unless_completed(view)
        result: R_co = self._decode_result(view.raw_result or b"null")
        return result

    async def _found_reason(self) -> str:
        """Return why the job has not ended, if that is found quickly, to be appended to a time-out."""
        asking = self._hub.call(lambda session: session.why(self.id, self._tenant, place=False))
        task = await done_within(REASON_S, asking)
        if task is None or isinstance(task.exception(), TaskFlowError):
            return ""
        why = task.result()
        if why is not None and why.code is WaitCode.ENDED:
            return ", but has meanwhile"
        return "" if why is None else f": {why}"

    async def awhy(self) -> Wait | None:
        """Return what the job waits for: its time, a worker that serves its task, a free slot, its end …

        Of a ready job, ``ahead`` is how many jobs of its queue are claimed before it (``ahead_exact`` is False if there
        may be more), and ``eta_seconds`` about how long until it starts; None where that is not known.

        Returns:
            None if there is no such job, or the store does not answer within two seconds.
        """
        return await self._hub.call(lambda session: session.why(self.id, self._tenant, place=True))

    job = sync_twin(ajob)
    why = sync_twin(awhy)
    state = sync_twin(astate)
    cancel = sync_twin(acancel)
    result = sync_twin(aresult)


def _raise_unless_completed(view: JobView) -> None:
    if view.state is State.DEAD:
        raise JobFailed(str(view.id), view.reason, view.error)
    if view.state is State.CANCELLED:
        raise JobCancelled(str(view.id), view.reason)
    if view.result_error is not None:
        raise ResultUnavailable(f"job {view.id} completed, but its result was not stored: {view.result_error}")
