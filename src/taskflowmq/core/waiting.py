"""Why a job has not started: the one place that answers it, for errors, hints, ``jobs show``, ``doctor`` and logs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from taskflowmq.core.bulk import Counted
from taskflowmq.core.job import DEFAULT_TENANT, QueueRef, State
from taskflowmq.core.pauses import Pause
from taskflowmq.core.printable import counted

#: Most jobs ahead of another one that are counted.
MOST_AHEAD = 10_000


class WaitCode(StrEnum):
    """What a job waits for."""

    #: Its time: it is scheduled, or its retry has a delay.
    DUE = "due"
    #: Its queue to be resumed.
    PAUSED = "paused"
    #: Any worker at all.
    NO_WORKER = "no_worker"
    #: A worker that serves its tenant.
    NO_WORKER_FOR_TENANT = "no_worker_for_tenant"
    #: A worker that serves its tenant and its queue.
    NO_WORKER_FOR_QUEUE = "no_worker_for_queue"
    #: One that also knows its task.
    NO_WORKER_FOR_TASK = "no_worker_for_task"
    #: Its workers to be resumed: an operator has drained all of them.
    DRAINED = "drained"
    #: Its workers to make progress: their own notes say that they do not.
    TROUBLE = "trouble"
    #: A free slot.
    BUSY = "busy"
    #: Its turn, which is expected shortly.
    TURN = "turn"
    #: Its end: it runs.
    RUNNING = "running"
    #: Nothing: it has ended.
    ENDED = "ended"


#: No living worker takes it.
UNSERVED = frozenset(
    {
        WaitCode.NO_WORKER,
        WaitCode.NO_WORKER_FOR_TENANT,
        WaitCode.NO_WORKER_FOR_QUEUE,
        WaitCode.NO_WORKER_FOR_TASK,
    }
)
#: Waits that do not end by themselves: an operator has to act.
STUCK = UNSERVED | {WaitCode.PAUSED, WaitCode.DRAINED, WaitCode.TROUBLE}


class Wait(msgspec.Struct, frozen=True):
    """The answer: a code for programs, a sentence, and what to do, where that helps; its place, where that is known.

    Attributes:
        code: what it waits for.
        text: the same in a sentence.
        fix: a command, or what else to do; None: nothing.
        pause: of its queue, if it waits for that to end.
        ahead: ready jobs of its queue that are claimed before it; None: it is not ready, or they were not counted.
        ahead_exact: False: there are at least this many.
        eta_seconds: about how long until it starts, at the rate of the last minutes; as ``ahead``, it may be at least
            that. None: that is not known, or it does not start before an operator acts.
    """

    code: WaitCode
    text: str
    fix: str | None = None
    pause: Pause | None = None
    ahead: int | None = None
    ahead_exact: bool = True
    eta_seconds: float | None = None

    @property
    def stuck(self) -> bool:
        """Whether it does not end by itself."""
        return self.code in STUCK

    def __str__(self) -> str:
        """Return the sentence and what to do."""
        return self.text if self.fix is None else f"{self.text}: {self.fix}"


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer needs of a living worker. No tenants or queues: it serves all."""

    tenants: Sequence[str] = ()
    queues: Sequence[str] = ()
    tasks: Sequence[str] = ()
    slots: int = 1
    running: int = 0
    #: Whether it obeys a command to drain or to stop.
    drained: bool = False
    #: The notes of its own row.
    notes: Sequence[str] = ()

    def serves_tenant(self, tenant: str) -> bool:
        """Tell whether it takes jobs of this tenant."""
        return not self.tenants or tenant in self.tenants

    def serves(self, queue: QueueRef) -> bool:
        """Tell whether it takes jobs from this queue."""
        return self.serves_tenant(queue.tenant) and (not self.queues or queue.queue in self.queues)


class WaitingJob(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer needs of a job."""

    task: str
    queue: QueueRef
    state: State
    run_at: datetime | None = None


def why_waiting(job: WaitingJob, servers: Sequence[Server], *, pause: Pause | None) -> Wait:
    """Return what a job waits for.

    Args:
        job: the job.
        servers: the workers that are alive.
        pause: that of its queue; None if it is not paused.
    """
    if job.state.final:
        return Wait(WaitCode.ENDED, f"it has ended: {job.state}")
    if job.state is State.RUNNING:
        return Wait(WaitCode.RUNNING, "it is running")
    if pause is not None:
        name = job.queue.queue
        return Wait(
            WaitCode.PAUSED,
            f"queue {name!r}{_of(job.queue)} is paused {pause}",
            f"taskflow queues resume {name}{tenant_flag(job.queue)}",
            pause,
        )
    serving = [server for server in servers if server.serves(job.queue)]
    knowing = [server for server in serving if job.task in server.tasks]
    if not knowing:
        return _nobody(job, servers, len(serving))
    if job.state is not State.PENDING:
        when = f"due at {job.run_at:%Y-%m-%d %H:%M:%S%z}" if job.run_at is not None else "not due yet"
        return Wait(WaitCode.DUE, f"it is {job.state} and {when}")
    if all(server.drained for server in knowing):
        text = f"no worker claims it (an operator drained or stopped the {counted(len(knowing), 'worker')} for it)"
        return Wait(WaitCode.DRAINED, text, "taskflow workers resume ID, or start another worker")
    knowing = [server for server in knowing if not server.drained]
    notes = sorted({note for server in knowing for note in server.notes})
    if notes and all(server.notes for server in knowing):
        return Wait(WaitCode.TROUBLE, f"the workers that serve it make no progress: {'; '.join(notes[:3])}")
    slots, busy = sum(server.slots for server in knowing), sum(server.running for server in knowing)
    if busy >= slots:
        return Wait(WaitCode.BUSY, f"all {slots} slots of the {counted(len(knowing), 'worker')} for it are in use")
    return Wait(
        WaitCode.TURN, f"it is ready; {counted(len(knowing), 'worker')} can claim it, after the jobs ahead of it"
    )


def placed(wait: Wait, ahead: Counted | None, rate: float | None) -> Wait:
    """Return what a ready job waits for, with its place and about how long it waits there.

    Args:
        wait: what it waits for.
        ahead: the jobs that are claimed before it; None: it is no longer ready.
        rate: jobs of its queue that were claimed per second lately; None or 0: nothing is known of that.
    """
    if ahead is None:
        return wait
    eta = None
    if not wait.stuck and rate:
        # While slots are free, those ahead are being claimed; otherwise one more slot has to become free.
        eta = (ahead.value + (wait.code is WaitCode.BUSY)) / rate
    elif wait.code is WaitCode.TURN and not ahead.value:
        eta = 0.0
    return msgspec.structs.replace(
        wait,
        ahead=ahead.value,
        ahead_exact=ahead.exact,
        eta_seconds=None if eta is None else round(eta, 1),
    )


def _nobody(job: WaitingJob, servers: Sequence[Server], serving: int) -> Wait:
    text = f"no living worker serves task {job.task!r} on queue {job.queue.queue!r}{_of(job.queue)}"
    start = f"start one: taskflow worker [APP] --queues {job.queue.queue}{tenant_flag(job.queue, 's')}"
    if not servers:
        return Wait(WaitCode.NO_WORKER, f"{text} (no worker is alive)", start)
    of_tenant = sum(server.serves_tenant(job.queue.tenant) for server in servers)
    if not of_tenant:
        tenant = (
            f"no living worker serves tenant {job.queue.tenant!r} ({counted(len(servers), 'worker')} for other tenants)"
        )
        return Wait(
            WaitCode.NO_WORKER_FOR_TENANT, tenant, f"start one: taskflow worker [APP] --tenants {job.queue.tenant}"
        )
    if not serving:
        return Wait(WaitCode.NO_WORKER_FOR_QUEUE, f"{text} ({counted(of_tenant, 'worker')} for other queues)", start)
    what = f"{text} ({counted(serving, 'worker')} for the queue, without this task)"
    return Wait(WaitCode.NO_WORKER_FOR_TASK, what, "start a worker with the app that declares it")


def _of(queue: QueueRef) -> str:
    """Return whose queue it is; nothing for the one tenant that most stores have."""
    return "" if queue.tenant == DEFAULT_TENANT else f" of tenant {queue.tenant!r}"


def tenant_flag(queue: QueueRef, more: str = "") -> str:
    """Return what a command for this queue needs besides its name.

    Args:
        queue: which queue.
        more: the end of the flag: "s" for that of a worker.
    """
    return "" if queue.tenant == DEFAULT_TENANT else f" --tenant{more} {queue.tenant}"
