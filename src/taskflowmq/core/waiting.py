"""Why a job has not started: the one place that answers it, for errors, hints, ``jobs show``, ``doctor`` and logs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from taskflowmq.core.job import State
from taskflowmq.core.printable import counted


class WaitCode(StrEnum):
    """What a job waits for."""

    #: Its time: it is scheduled, or its retry has a delay.
    DUE = "due"
    #: Its queue to be resumed.
    PAUSED = "paused"
    #: Any worker at all.
    NO_WORKER = "no_worker"
    #: A worker that serves its queue.
    NO_WORKER_FOR_QUEUE = "no_worker_for_queue"
    #: A worker that serves its queue and knows its task.
    NO_WORKER_FOR_TASK = "no_worker_for_task"
    #: Its workers to get on: they say themselves that they do not.
    TROUBLE = "trouble"
    #: A free slot.
    BUSY = "busy"
    #: Its turn, which should be in a moment.
    TURN = "turn"
    #: Its end: it runs.
    RUNNING = "running"
    #: Nothing: it has ended.
    ENDED = "ended"


#: What does not end by itself: an operator has to act.
STUCK = frozenset(
    {
        WaitCode.PAUSED,
        WaitCode.NO_WORKER,
        WaitCode.NO_WORKER_FOR_QUEUE,
        WaitCode.NO_WORKER_FOR_TASK,
        WaitCode.TROUBLE,
    }
)


class Wait(msgspec.Struct, frozen=True):
    """The answer: a code for programs, a sentence, and what to do, where that helps."""

    code: WaitCode
    text: str
    fix: str | None = None

    @property
    def stuck(self) -> bool:
        """Whether it does not end by itself."""
        return self.code in STUCK

    def __str__(self) -> str:
        """Return the sentence and what to do."""
        return self.text if self.fix is None else f"{self.text}: {self.fix}"


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A living worker, as far as this question goes. No queues: it serves all."""

    queues: Sequence[str] = ()
    tasks: Sequence[str] = ()
    slots: int = 1
    running: int = 0
    #: What it says of itself.
    notes: Sequence[str] = ()

    def serves(self, queue: str) -> bool:
        """Tell whether it takes jobs from this queue."""
        return not self.queues or queue in self.queues


class WaitingJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job, as far as this question goes."""

    task: str
    queue: str
    state: State
    run_at: datetime | None = None


def why_waiting(job: WaitingJob, servers: Sequence[Server], *, paused: bool) -> Wait:
    """Return what a job waits for.

    Args:
        job: the job.
        servers: the workers that are alive.
        paused: whether its queue is paused.
    """
    if job.state.final:
        return Wait(WaitCode.ENDED, f"it has ended: {job.state}")
    if job.state is State.RUNNING:
        return Wait(WaitCode.RUNNING, "it is running")
    if paused:
        return Wait(WaitCode.PAUSED, f"queue {job.queue!r} is paused", f"taskflow queues resume {job.queue}")
    serving = [server for server in servers if server.serves(job.queue)]
    knowing = [server for server in serving if job.task in server.tasks]
    if not knowing:
        return _nobody(job, len(servers), len(serving))
    if job.state is not State.PENDING:
        when = f"due at {job.run_at:%Y-%m-%d %H:%M:%S%z}" if job.run_at is not None else "not due yet"
        return Wait(WaitCode.DUE, f"it is {job.state} and {when}")
    notes = sorted({note for server in knowing for note in server.notes})
    if notes and all(server.notes for server in knowing):
        return Wait(WaitCode.TROUBLE, f"the workers that serve it make no progress: {'; '.join(notes[:3])}")
    slots, busy = sum(server.slots for server in knowing), sum(server.running for server in knowing)
    if busy >= slots:
        return Wait(WaitCode.BUSY, f"all {slots} slots of the {counted(len(knowing), 'worker')} for it are in use")
    return Wait(
        WaitCode.TURN, f"it is ready; {counted(len(knowing), 'worker')} can claim it, after the jobs ahead of it"
    )


def _nobody(job: WaitingJob, alive: int, serving: int) -> Wait:
    text = f"no living worker serves task {job.task!r} on queue {job.queue!r}"
    start = f"start one: taskflow worker [APP] --queues {job.queue}"
    if not alive:
        return Wait(WaitCode.NO_WORKER, f"{text} (no worker is alive)", start)
    if not serving:
        return Wait(WaitCode.NO_WORKER_FOR_QUEUE, f"{text} ({counted(alive, 'worker')} for other queues)", start)
    what = f"{text} ({counted(serving, 'worker')} for the queue, without this task)"
    return Wait(WaitCode.NO_WORKER_FOR_TASK, what, "start a worker with the app that declares it")
