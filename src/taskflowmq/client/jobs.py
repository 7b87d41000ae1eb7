"""``app.jobs``: reading and controlling jobs by id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from taskflowmq.client.handle import ACTOR
from taskflowmq.client.hub import Hub
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.filters import MAX_PAGE, read_states
from taskflowmq.core.job import Attempts, JobFilter, JobView, Page, State
from taskflowmq.core.operations import CancelAnswer, RetryAnswer, check, not_found
from taskflowmq.core.validation import MAX_TAG_LENGTH, check_int, check_name, check_text, check_time
from taskflowmq.ports.store import StoreStats


def parse_id(job_id: UUID | str) -> UUID:
    """Return a job id, given as a UUID or as text.

    Raises:
        InvalidJob: it is no UUID.
    """
    if isinstance(job_id, UUID):
        return job_id
    try:
        return UUID(job_id)
    except (ValueError, TypeError, AttributeError):
        raise InvalidJob.at("/id", f"must be a UUID, got {job_id!r:.80}") from None


class Jobs:
    """The jobs of an app's store."""

    def __init__(self, hub: Hub[Session], tenant: str) -> None:
        self._hub = hub
        self._tenant = tenant

    async def aget(self, job_id: UUID | str) -> JobView:
        """Return one job.

        Raises:
            JobNotFound: there is none.
        """
        wanted = parse_id(job_id)
        view = await self._hub.call(lambda session: session.asked.jobs.get(self._tenant, wanted))
        if view is None:
            raise not_found(wanted)
        return view

    async def aattempts(self, job_id: UUID | str) -> Attempts:
        """Return a job's attempts, oldest first: the first 10 and those of the last 90 claims.

        ``.total`` and ``.counts`` (by outcome) of what is returned count those in between, too.
        """
        wanted = parse_id(job_id)
        return await self._hub.call(lambda session: session.asked.jobs.attempts(self._tenant, wanted))

    async def alist(
        self,
        *,
        state: State | str | Sequence[State | str] | None = None,
        queue: str | None = None,
        task: str | None = None,
        tag: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        limit: int = 100,
        before: UUID | str | None = None,
    ) -> Page:
        """Return jobs, newest first; continue with ``before=page.next`` until that is None.

        Args:
            state: one state or several; None means any.
            queue: only jobs of this queue.
            task: only jobs of this task.
            tag: only jobs with this tag.
            created_after: aware datetime; only jobs created at or after it.
            created_before: aware datetime; only jobs created before it. Both search ids made up to a minute off: a
                job whose program's clock is further from the store's may be missing here, and only here.
            limit: most jobs on the page, 1…1,000; a page may be shorter.
            before: where the page before this one ended.
        """
        query = JobFilter(
            tenant=self._tenant,
            states=read_states(state),
            queue=None if queue is None else check_name("queue", queue),
            task=None if task is None else check_name("task", task),
            tag=None if tag is None else check_text("/tag", tag, MAX_TAG_LENGTH),
            created_after=None if created_after is None else check_time("/created_after", created_after),
            created_before=None if created_before is None else check_time("/created_before", created_before),
        )
        check_int("/limit", limit, 1, MAX_PAGE)
        start = None if before is None else parse_id(before)
        return await self._hub.call(lambda session: session.asked.jobs.list_jobs(query, limit=limit, before=start))

    async def acancel(self, job_id: UUID | str) -> CancelAnswer:
        """Cancel a job, or request that its worker stop it if it runs.

        Returns:
            "cancelled", "requested" (it runs; its worker will stop it), or "final" (it had ended).

        Raises:
            JobNotFound: there is none.
        """
        wanted = parse_id(job_id)
        answer = await self._hub.call(lambda session: session.asked.jobs.cancel(self._tenant, wanted, actor=ACTOR))
        if answer is CancelAnswer.NOT_FOUND:
            raise not_found(wanted)
        return answer

    async def aretry(self, job_id: UUID | str) -> RetryAnswer:
        """Run a dead job again, in a new round, or make one that waits due now.

        Raises:
            JobNotFound: there is none.
            Conflict: it is in another state.
        """
        wanted = parse_id(job_id)
        answer = await self._hub.call(lambda session: session.asked.jobs.retry(self._tenant, wanted))
        check(answer, wanted)
        return answer

    async def adelete(self, job_id: UUID | str) -> None:
        """Delete a job that has ended.

        Raises:
            JobNotFound: there is none.
            Conflict: it has not ended.
        """
        wanted = parse_id(job_id)
        answer = await self._hub.call(lambda session: session.asked.jobs.delete(self._tenant, wanted))
        check(answer, wanted)

    async def astats(self) -> StoreStats:
        """Return how many jobs are in each state and queue."""
        return await self._hub.call(lambda session: session.asked.stats.count(self._tenant))

    get = sync_twin(aget)
    attempts = sync_twin(aattempts)
    cancel = sync_twin(acancel)
    retry = sync_twin(aretry)
    delete = sync_twin(adelete)
    stats = sync_twin(astats)
    list = sync_twin(alist)
