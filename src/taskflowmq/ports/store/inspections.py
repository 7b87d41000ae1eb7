"""Requests for the stack or a profile of a running job, and their answers. They are kept for an hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from taskflowmq.core.audit import Caller
from taskflowmq.core.inspection import Inspection, InspectionKind, NewInspection, Question


class Inspections(Protocol):
    """One request of each kind per job, by tenant. Workers read theirs with ``claims.requests``."""

    async def ask(self, tenant: str, job_id: UUID, new: NewInspection, *, by: Caller) -> Inspection | None:
        """Store a request for the worker that runs a job now; None if the job does not run.

        If one of this kind waits already for the same attempt, that one is returned and nothing is written. The audit
        keeps who made a new one, in the same transaction.
        """
        ...

    async def answer(self, question: Question, answer: bytes) -> bool:
        """Store the answer of a worker; False if it is not wanted any more: answered, replaced, or too late.

        Args:
            question: as the worker read it.
            answer: JSON of a :class:`~taskflowmq.core.inspection.StackAnswer` or ``ProfileAnswer``.
        """
        ...

    async def get(self, tenant: str, job_id: UUID, kind: InspectionKind) -> Inspection | None:
        """Return the last request of a kind with its answer; None: there is none."""
        ...

    async def list_of(self, tenant: str, job_ids: Sequence[UUID]) -> list[Inspection]:
        """Return the requests of jobs, by job and kind, without their answers."""
        ...
