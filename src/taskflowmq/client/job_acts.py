"""``app.jobs``, what operators do to one job: cancel, retry, reschedule, move, replay, look at, delete."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from taskflowmq.client.acting import Acting
from taskflowmq.client.handle import Handle
from taskflowmq.client.hub import Hub
from taskflowmq.client.ids import parse_id
from taskflowmq.client.inspecting import POLL_S, Looks, inspect
from taskflowmq.client.moving import move, new_lane
from taskflowmq.client.replay import read_replays, replay_of
from taskflowmq.client.rescheduling import new_time, reschedule
from taskflowmq.client.sender import Sender
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.audit import Caller
from taskflowmq.core.directives import Duration
from taskflowmq.core.inspection import (
    DEFAULT_SECONDS,
    Inspection,
    InspectionKind,
    check_seconds,
    kept,
)
from taskflowmq.core.job import Enqueued, JobView
from taskflowmq.core.operations import CancelAnswer, MoveAnswer, RescheduleAnswer, RetryAnswer, check, not_found


class JobActs:
    """Base of :class:`~taskflowmq.client.jobs.Jobs`."""

    def __init__(self, hub: Hub[Session], tenant: str, acting: Acting, sender: Sender) -> None:
        self._hub = hub
        self._sender = sender
        self._tenant = tenant
        self._acting = acting

    async def _read(self, wanted: UUID) -> JobView:
        view = await self._hub.call(lambda session: self._acting.read(session).jobs.get(self._tenant, wanted))
        if view is None:
            raise not_found(wanted)
        return view

    async def acancel(self, job_id: UUID | str, *, reason: str | None = None, actor: str | None = None) -> CancelAnswer:
        """Cancel a job, or request that its worker stop it if it runs. The audit keeps who did, and why.

        Args:
            job_id: the job.
            reason: why, on one line.
            actor: the operator, as others shall see them.

        Returns:
            "cancelled", "requested" (it runs; its worker will stop it), or "final" (it had ended).

        Raises:
            JobNotFound: there is none.
        """
        wanted, by = parse_id(job_id), self._acting.caller(actor, reason)
        answer = await self._hub.call(
            lambda session: session.asked.jobs.cancel(self._tenant, wanted, actor=by.actor, by=by)
        )
        if answer is CancelAnswer.NOT_FOUND:
            raise not_found(wanted)
        return answer

    async def aretry(self, job_id: UUID | str, *, reason: str | None = None, actor: str | None = None) -> RetryAnswer:
        """Run a dead job again, in a new round, or make one that waits due now. The audit keeps who did, and why.

        Args:
            job_id, reason, actor: as for :meth:`acancel`.

        Raises:
            JobNotFound: there is none.
            Conflict: it is in another state.
        """
        wanted, by = parse_id(job_id), self._acting.caller(actor, reason)
        answer = await self._hub.call(lambda session: session.asked.jobs.retry(self._tenant, wanted, by=by))
        check(answer, wanted)
        return answer

    async def areschedule(
        self,
        job_id: UUID | str,
        run_at: datetime | None = None,
        *,
        delay: Duration | None = None,
        reason: str | None = None,
        actor: str | None = None,
    ) -> RescheduleAnswer:
        """Make a job that waits, ready or not, run at another time. The audit keeps who did, and why.

        Args:
            job_id: the job.
            run_at: when it is due, an aware datetime; a time that is over means now.
            delay: instead of that, how long from now, in seconds or as a timedelta.
            reason, actor: as for :meth:`acancel`.

        Returns:
            "rescheduled", or "due_now" if the time is not in the future.

        Raises:
            JobNotFound: there is none.
            NotWaiting: it runs or has ended.
            InvalidJob: neither time nor delay, both, a wrong one, or the job expires before it.
        """
        wanted, due, by = parse_id(job_id), new_time(run_at, delay), self._acting.caller(actor, reason)
        return await self._hub.call(lambda session: reschedule(session, self._tenant, wanted, due, by))

    async def amove(
        self,
        job_id: UUID | str,
        *,
        queue: str | None = None,
        priority: int | None = None,
        reason: str | None = None,
        actor: str | None = None,
    ) -> MoveAnswer:
        """Give a job that has not started another queue, another priority, or both. The audit keeps who did, and why.

        A ready job goes behind those that are ready in the new place. A queue that is new is made.

        Args:
            job_id: the job.
            queue: the other queue; None: the same.
            priority: the other priority, -100…100, lower runs sooner; None: the same.
            reason, actor: as for :meth:`acancel`.

        Returns:
            "moved", or "unchanged" if it has that queue and that priority already.

        Raises:
            JobNotFound: there is none.
            NotWaiting: it runs or has ended.
            InvalidJob: neither is given, one is wrong, or there would be too many queues.
        """
        wanted, lane, by = parse_id(job_id), new_lane(queue, priority), self._acting.caller(actor, reason)
        return await self._hub.call(lambda session: move(session, self._tenant, wanted, lane, by))

    async def areplay(
        self,
        job_id: UUID | str,
        *,
        args: Mapping[str, Any] | None = None,
        queue: str | None = None,
        run_at: datetime | None = None,
        reason: str | None = None,
        actor: str | None = None,
    ) -> Handle[Any]:
        """Enqueue a new job like one that is there, with other arguments if wanted, and return its handle.

        Its header ``replay_of`` names the other. The audit keeps who did, and why.

        Args:
            job_id: the job, in any state.
            args: other arguments by name; None: the same.
            queue: another queue.
            run_at: when it is due, an aware datetime; None: now.
            reason: why, on one line.
            actor: the operator, as others shall see them.

        Raises:
            JobNotFound: there is none.
            InvalidJob: an argument is wrong; nothing was stored.
            UnknownTask: neither this app nor the store knows the task.
        """
        by = self._acting.caller(actor, reason)
        wanted = parse_id(job_id)

        async def replay(session: Session) -> Enqueued:
            # As it is stored: the new job has the values that no reader is shown.
            view = await session.asked.jobs.get(self._tenant, wanted)
            if view is None:
                raise not_found(wanted)
            hider = (await session.redaction((view.task,))).of(view.task)
            made = await replay_of(self._sender, view, by, hider, args=args, queue=queue, run_at=run_at)
            return await session.store_by_hand(made.job, made.act)

        stored = await self._hub.call(replay)
        return Handle(stored.id, stored.created, self._hub, self._tenant)

    async def astack(self, job_id: UUID | str, *, reason: str | None = None, actor: str | None = None) -> Inspection:
        """Return where the body of a running job is now: ``.stack`` has its calls, without values of variables.

        Waits for the worker, which answers within about a second. If it does not, ``.state`` says why: "no_answer"
        after 15 s (it is stopped, its event loop is blocked, or its version is older), or "ended" (the job ended
        before). The audit keeps who asked, and why.

        Args:
            job_id, reason, actor: as for :meth:`acancel`.

        Raises:
            JobNotFound: there is none.
            NotRunning: it does not run.
        """
        wanted, by = parse_id(job_id), self._acting.caller(actor, reason)
        return await self._inspected(wanted, InspectionKind.STACK, 0, by)

    async def aprofile(
        self,
        job_id: UUID | str,
        seconds: int = DEFAULT_SECONDS,
        *,
        reason: str | None = None,
        actor: str | None = None,
    ) -> Inspection:
        """Return where the time of a running job goes: ``.profile`` has its calls, looked at 100 times a second.

        Otherwise as :meth:`astack`. A job that ends meanwhile has a shorter profile.

        Args:
            job_id: the job.
            seconds: for how long to look, 1…60.
            reason, actor: as for :meth:`acancel`.

        Raises:
            JobNotFound: there is none.
            NotRunning: it does not run.
            InvalidJob: the number of seconds is wrong.
        """
        wanted, by, span = parse_id(job_id), self._acting.caller(actor, reason), check_seconds(seconds)
        return await self._inspected(wanted, InspectionKind.PROFILE, span, by)

    async def _inspected(self, wanted: UUID, kind: InspectionKind, seconds: int, by: Caller) -> Inspection:
        found = await self._hub.call(lambda session: inspect(session, self._tenant, wanted, kind, seconds, by))
        looks = Looks()
        while looks.go_on(found):
            await asyncio.sleep(POLL_S)
            last = await self._hub.call(lambda session: session.asked.inspections.get(self._tenant, wanted, kind))
            found = kept(last, wanted, kind)
        return found

    async def areplays(self, job_id: UUID | str) -> list[UUID]:
        """Return the newest jobs by which a job was replayed, for as long as the audit keeps that."""
        wanted = parse_id(job_id)
        return await self._hub.call(lambda session: read_replays(session.asked.audit, self._tenant, wanted))

    async def adelete(self, job_id: UUID | str, *, reason: str | None = None, actor: str | None = None) -> None:
        """Delete a job that has ended. The audit keeps who did, and why.

        Args:
            job_id, reason, actor: as for :meth:`acancel`.

        Raises:
            JobNotFound: there is none.
            Conflict: it has not ended.
        """
        wanted, by = parse_id(job_id), self._acting.caller(actor, reason)
        answer = await self._hub.call(lambda session: session.asked.jobs.delete(self._tenant, wanted, by=by))
        check(answer, wanted)

    cancel = sync_twin(acancel)
    retry = sync_twin(aretry)
    reschedule = sync_twin(areschedule)
    move = sync_twin(amove)
    delete = sync_twin(adelete)
    replay = sync_twin(areplay)
    replays = sync_twin(areplays)
    stack = sync_twin(astack)
    profile = sync_twin(aprofile)
