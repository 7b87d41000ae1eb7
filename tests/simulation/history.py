"""What happened, step by step, and what follows from it.

A :class:`Step` is one store call, or one event around them (a kill, a body that began, an answer that reached a
client). :class:`Facts` is what an observer who saw all of them knows; the checkers judge by it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core.grace import LATE_LEASES, LATE_SWEEPS, lateness_after
from taskflowmq.core.job import ClaimedJob, Enqueued, NewJob
from taskflowmq.core.operations import DeleteAnswer, RetryAnswer
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.store import ClaimRequest, Settled

Fence = tuple[UUID, int]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the history."""

    number: int
    #: Virtual seconds since the beginning, and the store's clock then, in microseconds since 1970.
    at: float
    store_us: int
    actor: str
    #: When the actor sent the call.
    asked: float = 0.0
    #: ``part.method`` of a store call, or the word of an event.
    what: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    #: Whether the store did it.
    done: bool = True
    #: What went wrong on the way, in words.
    fault: str = ""
    answer: Any = None
    error: str = ""

    def __str__(self) -> str:
        """Show it as a line."""
        told = f" -> {short(self.answer)}" if self.answer is not None else ""
        told += f" !! {self.error}" if self.error else ""
        fault = f" [{self.fault}]" if self.fault else ""
        given = ", ".join([short(arg) for arg in self.args] + [f"{k}={short(v)}" for k, v in self.kwargs.items()])
        return f"{self.number:6d} {self.at:10.3f}s  {self.actor:12} {self.what}({given}){fault}{told}"


def short(value: Any) -> str:
    """Return a value in few characters; ids are cut to the digits that differ."""
    if isinstance(value, UUID):
        return value.hex[-6:]
    if isinstance(value, NewJob):
        unique = f" key={value.unique.key}/{value.unique.free_at}/{value.unique.on_conflict}" if value.unique else ""
        return f"<{short(value.id)} {value.queue}:{value.priority}{unique} delay={value.delay_ms}>"
    if isinstance(value, ClaimedJob):
        return f"<{short(value.id)} lease={value.lease_no} attempt={value.attempt}>"
    if isinstance(value, Transition):
        ended = f" {value.ended}" if value.ended else ""
        return f"<{short(value.job_id)} lease={value.counters.lease_no} to {value.to}{ended} delay={value.delay_ms}>"
    if isinstance(value, ClaimRequest):
        alone = " isolated" if value.isolated else ""
        return f"<for {short(value.worker_id)} limit={value.limit}{alone}>"
    if isinstance(value, Enqueued):
        return f"<{short(value.id)}{'' if value.created else ' another'}{' again' if value.replayed else ''}>"
    if isinstance(value, list | tuple | set | frozenset):
        many = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return "[" + ", ".join(short(item) for item in many) + "]"
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."


class Facts:
    """What an observer of every step knows."""

    def __init__(self) -> None:
        #: Jobs that somebody asked the store to keep.
        self.wanted: dict[UUID, NewJob] = {}
        #: Jobs whose enqueue a client was told had worked.
        self.acknowledged: set[UUID] = set()
        #: Jobs that an operator deleted.
        self.deleted: set[UUID] = set()
        #: Fences whose transition the store said it applied.
        self.applied: set[Fence] = set()
        #: Fences that the store handed out → the attempt that it charged.
        self.claimed: dict[Fence, int] = {}
        #: Fences whose bodies began, and what the bodies returned.
        self.started: set[Fence] = set()
        self.returned: dict[Fence, bytes] = {}
        #: Rounds opened by hand.
        self.rounds: dict[UUID, int] = {}
        #: When the store last was away, or its clock stepped, for longer than anybody could renew; and for how long
        #: it had been silent then.
        self.blind_until = float("-inf")
        #: The store's clock when the last turn was taken.
        self.turned_us: int | None = None
        #: For how long turns had come late in a row then, in milliseconds; None if that one was punctual.
        self.late_ms: int | None = None

    def take(self, step: Step) -> None:
        """Learn from a step."""
        learn = getattr(self, "_" + step.what.replace(".", "_"), None)
        if learn is not None and step.done:
            learn(step)

    def _intake_enqueue(self, step: Step) -> None:
        for job in step.args[0]:
            self.wanted[job.id] = job

    def _claims_claim(self, step: Step) -> None:
        for job in step.answer or ():
            self.claimed[job.id, job.lease_no] = job.attempt

    def _claims_settle(self, step: Step) -> None:
        self.applied.update(applied(step))

    def _jobs_delete(self, step: Step) -> None:
        if step.answer is DeleteAnswer.DELETED:
            self.deleted.add(step.args[1])

    def _jobs_retry(self, step: Step) -> None:
        if step.answer is RetryAnswer.NEW_ROUND:
            self.rounds[step.args[1]] = self.rounds.get(step.args[1], 0) + 1

    def _upkeep_take_turn(self, step: Step) -> None:
        if step.args[0] != "rescuer":
            return
        turn = step.answer
        if turn is None or not turn.taken:
            return
        late, lease = turn.gap_ms is None or turn.gap_ms > LATE_SWEEPS * step.args[1], step.kwargs["lease_ms"]
        if late and self.late_ms is not None and self.late_ms >= LATE_LEASES * lease:
            # Sweeps came late, one after another, for so long that this silence gets no grace any more (core.grace).
            self.blind_until = float("-inf")
        if not late or not turn.grace:
            self.late_ms = None
        else:
            self.late_ms = lateness_after(gap_ms=turn.gap_ms, lease_ms=lease, late_ms=self.late_ms)
        self.turned_us = step.store_us

    def _told(self, step: Step) -> None:
        self.acknowledged.update(step.args[0])

    def _begins(self, step: Step) -> None:
        self.started.add((step.args[0], step.args[1]))

    def _returns(self, step: Step) -> None:
        self.returned[step.args[0], step.args[1]] = step.args[2]

    def _blind(self, step: Step) -> None:
        self.blind_until = step.at


def fences(changes: Iterable[Transition]) -> list[Fence]:
    """Return the fences of transitions."""
    return [(change.job_id, change.counters.lease_no) for change in changes]


def applied(step: Step) -> list[Fence]:
    """Return the fences that a settle applied."""
    if step.what != "claims.settle" or not step.answer:
        return []
    pairs = zip(fences(step.args[0]), step.answer, strict=True)
    return [fence for fence, answer in pairs if answer is Settled.APPLIED]


class History:
    """Every step, or the last so many."""

    def __init__(self, keep: int = 100_000) -> None:
        self.steps: deque[Step] = deque(maxlen=keep)
        #: Steps so far, the forgotten ones too.
        self.count = 0
        self.facts = Facts()

    def about(self, ids: Sequence[UUID], last: int = 40) -> str:
        """Return the lines that name a job, and the last ones before the end."""
        named = [str(step) for step in self.steps if any(short(job_id) in str(step) for job_id in ids)]
        tail = [str(step) for step in list(self.steps)[-last:]]
        about = "\n".join(named[-60:])
        return f"about {[short(job_id) for job_id in ids]}:\n{about}\n\nthe last {last} steps:\n" + "\n".join(tail)
