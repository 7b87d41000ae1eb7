"""``app.errors``: the failures of the app's tenant by kind, and what operators decide about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from taskflowmq.client.acting import Acting
from taskflowmq.client.hub import Hub
from taskflowmq.client.seen import PAYLOADS
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.attempts import AttemptView
from taskflowmq.core.audit import Caller
from taskflowmq.core.error_groups import (
    MAX_GROUP_RELEASES,
    MAX_GROUPS,
    ErrorGroup,
    GroupCounts,
    GroupPage,
    GroupReleases,
    GroupState,
    check_query,
    check_until,
)
from taskflowmq.core.errors import ErrorGroupNotFound, InvalidJob
from taskflowmq.core.fingerprint import MAX_MASKED, fits, is_fingerprint, masked
from taskflowmq.core.job import JobView
from taskflowmq.core.redacted import hidden_values, shown_attempt, shown_job
from taskflowmq.core.redaction import Redaction
from taskflowmq.core.retention import age_ms
from taskflowmq.ports.store import Store


async def find_group(store: Store, tenant: str, fingerprint: str) -> ErrorGroup:
    """Return a group.

    Raises:
        ErrorGroupNotFound: the tenant has none with this fingerprint.
    """
    if not is_fingerprint(fingerprint):
        raise ErrorGroupNotFound(f"there is no group of errors {fingerprint:.40}")
    found = await store.errors.get(tenant, fingerprint)
    if found is None:
        raise ErrorGroupNotFound(
            f"there is no group of errors {fingerprint}: none was there, or it was deleted, because it has not "
            "occurred for long, or there were more groups than are kept. "
            f"Jobs that are still dead of it: state:dead error:{fingerprint}"
        )
    return found


async def mark_group(
    store: Store,
    tenant: str,
    fingerprint: str,
    state: GroupState,
    *,
    by: Caller,
    until: datetime | timedelta | None = None,
) -> ErrorGroup:
    """Put a group into a state and return it.

    Args:
        store: the store.
        tenant, fingerprint: the group.
        state: which.
        by: who decided it; the audit keeps that.
        until: when a mute ends, or how long it lasts: then it begins by the clock of the store.

    Raises:
        ErrorGroupNotFound: the tenant has none with this fingerprint.
        InvalidJob: a mute does not end in the next year.
    """
    end = None
    if until is not None:
        now = await store.history.now()
        end = check_until(now + until if isinstance(until, timedelta) else until, now)
    if is_fingerprint(fingerprint):
        await store.errors.mark(tenant, fingerprint, state, by=by, until=end)
    return await find_group(store, tenant, fingerprint)


async def sample_of(store: Store, tenant: str, group: ErrorGroup) -> tuple[JobView, AttemptView] | None:
    """Return a job of a group with its newest attempt that failed so; None if the job is deleted or unknown."""
    job = None if group.job_id is None else await store.jobs.get(tenant, group.job_id)
    if job is None:
        return None
    attempts = await store.jobs.attempts(tenant, job.id)
    failed = [one for one in attempts if one.raw_error is not None or one.outcome == "lost"]
    found = [one for one in failed if fits(group.fingerprint, tenant, job.task, one.raw_error)]
    return (job, found[-1]) if found else None


async def shown_sample(
    session: Session, sample: tuple[JobView, AttemptView] | None
) -> tuple[JobView, AttemptView] | None:
    """Return a sample as people are shown it."""
    if sample is None:
        return None
    job, attempt = sample
    redaction = await session.redaction((job.task,))
    hider = redaction.of(job.task)
    if hider is None:
        return sample
    values = hidden_values(hider, job.raw_args, job.raw_meta, job.raw_result)
    return shown_job(redaction, job), shown_attempt(values, attempt)


async def shown_groups(
    session: Session, tenant: str, groups: Sequence[ErrorGroup], text: str | None = None
) -> list[ErrorGroup]:
    """Return groups as people are shown them: no message holds a hidden value of the job that its group names.

    Values of other jobs are not at hand: those that a rule hides only since later stay in messages of groups.

    Args:
        session: of the app.
        tenant: of the groups.
        groups: as they are stored.
        text: by what they were found. One that was found by what is hidden must not tell so by being there.
    """
    redaction = await session.redaction({one.task for one in groups})
    found: list[ErrorGroup] = []
    for start in range(0, len(groups), PAYLOADS):
        part = groups[start : start + PAYLOADS]
        wanted = [one.job_id for one in part if one.job_id is not None and redaction.of(one.task) is not None]
        jobs = {one.id: one for one in await session.asked.jobs.get_many(tenant, wanted)} if wanted else {}
        for group in part:
            job = None if group.job_id is None else jobs.get(group.job_id)
            message = group.message if job is None else _shown_message(redaction, job, group.message)
            if message == group.message:
                found.append(group)
            elif text is None or text.lower() in f"{group.type}\n{message}\n{group.task}".lower():
                found.append(msgspec.structs.replace(group, message=message))
    return found


def _shown_message(redaction: Redaction, job: JobView, message: str) -> str:
    values = hidden_values(redaction.of(job.task), job.raw_args, job.raw_meta, job.raw_result)
    return values.as_in(masked).replaced(message, is_cut=len(message) >= MAX_MASKED)


class Errors:
    """Groups of errors of an app's tenant. Failures of the last ten seconds may be missing."""

    def __init__(self, hub: Hub[Session], tenant: str, acting: Acting) -> None:
        self._hub = hub
        self._tenant = tenant
        self._acting = acting

    async def alist(
        self,
        state: str | None = None,
        *,
        q: str | None = None,
        task: str | None = None,
        sort: str = "last",
        limit: int = 50,
        cursor: tuple[int, str] | None = None,
    ) -> GroupPage:
        """Return groups, the largest value of the order first.

        Args:
            state: only those that are open, resolved or muted.
            q: part of the type, message or task.
            task: only those of a task.
            sort: last, first or count: by when they occurred last or first, or how often.
            limit: 1…200.
            cursor: the ``next`` of the page before.

        Raises:
            InvalidJob: an argument is refused.
        """
        query = check_query(self._tenant, state, q=q, task=task, sort=sort, limit=limit, after=cursor)

        async def read(session: Session) -> GroupPage:
            page = await session.asked.errors.list_groups(query)
            if not self._acting.reads_for_people:
                return page
            shown = await shown_groups(session, self._tenant, page.items, q)
            return msgspec.structs.replace(page, items=shown)

        return await self._hub.call(read)

    async def acount(self) -> GroupCounts:
        """Return how many groups there are, by state, and how many open ones are new in the last 24 hours."""
        return await self._hub.call(lambda session: session.asked.errors.count(self._tenant))

    async def aget(self, fingerprint: str) -> ErrorGroup:
        """Return a group.

        Raises:
            ErrorGroupNotFound: there is none with this fingerprint.
        """

        async def read(session: Session) -> ErrorGroup:
            found = await find_group(session.asked, self._tenant, fingerprint)
            return (await shown_groups(session, self._tenant, [found]))[0] if self._acting.reads_for_people else found

        return await self._hub.call(read)

    async def asample(self, group: ErrorGroup) -> tuple[JobView, AttemptView] | None:
        """Return a job of a group with its newest attempt that failed so; None if there is none any more."""

        async def sample(session: Session) -> tuple[JobView, AttemptView] | None:
            found = await sample_of(session.asked, self._tenant, group)
            return await shown_sample(session, found) if self._acting.reads_for_people else found

        return await self._hub.call(sample)

    async def areleases(self, group: ErrorGroup, *, limit: int = MAX_GROUP_RELEASES) -> GroupReleases:
        """Return in which releases a group occurred, the newest first; what is of no release last.

        Args:
            group: the group.
            limit: maximum number of releases.

        Raises:
            InvalidJob: the limit is not 1…200.
        """
        if not 1 <= limit <= MAX_GROUPS:
            raise InvalidJob.at("/limit", f"must be 1…{MAX_GROUPS}, got {limit}")
        return await self._hub.call(
            lambda session: session.asked.errors.releases(self._tenant, group.fingerprint, limit)
        )

    async def aresolve(self, fingerprint: str, *, reason: str | None = None, actor: str | None = None) -> ErrorGroup:
        """Mark a group as resolved: it opens again by itself when it occurs again. The audit keeps who did, and why.

        Failures in a release that is older than the newest one whose workers run the task now do not open it.

        Raises:
            ErrorGroupNotFound: there is none with this fingerprint.
        """
        return await self._mark(fingerprint, GroupState.RESOLVED, self._acting.caller(actor, reason))

    async def amute(
        self, fingerprint: str, *, until: datetime | None = None, seconds: float | str | timedelta | None = None,
        reason: str | None = None,
        actor: str | None = None,
    ) -> ErrorGroup:  # fmt: skip
        """Hide a group until a time, whatever occurs.

        Args:
            fingerprint: the group.
            until: an aware time in the next year.
            seconds: instead of it: for how long; seconds, a timedelta or text like ``2h``.
            reason: why, on one line.
            actor: who mutes it; the audit keeps that, and why.

        Raises:
            ErrorGroupNotFound: there is none with this fingerprint.
            InvalidJob: neither or both are given, or the time is not in the next year.
        """
        if (until is None) == (seconds is None):
            raise InvalidJob.at("/until", "exactly one of until and seconds is required")
        end = timedelta(milliseconds=age_ms(seconds, "/seconds") or 0) if until is None else until
        return await self._mark(fingerprint, GroupState.MUTED, self._acting.caller(actor, reason), end)

    async def areopen(self, fingerprint: str, *, reason: str | None = None, actor: str | None = None) -> ErrorGroup:
        """Open a group that is resolved or muted. The audit keeps who did, and why.

        Raises:
            ErrorGroupNotFound: there is none with this fingerprint.
        """
        return await self._mark(fingerprint, GroupState.OPEN, self._acting.caller(actor, reason))

    async def _mark(
        self, fingerprint: str, state: GroupState, by: Caller, until: datetime | timedelta | None = None
    ) -> ErrorGroup:
        async def mark(session: Session) -> ErrorGroup:
            found = await mark_group(session.asked, self._tenant, fingerprint, state, by=by, until=until)
            return (await shown_groups(session, self._tenant, [found]))[0] if self._acting.reads_for_people else found

        return await self._hub.call(mark)

    count = sync_twin(acount)
    get = sync_twin(aget)
    sample = sync_twin(asample)
    releases = sync_twin(areleases)
    resolve = sync_twin(aresolve)
    mute = sync_twin(amute)
    reopen = sync_twin(areopen)
    list = sync_twin(alist)
