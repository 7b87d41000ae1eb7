"""The notes in a worker's row when it makes no progress: ``taskflow doctor`` reads them there.

A worker that is alive and makes no progress looks, from outside, like one with long jobs. A note is written when it
changes, and never on the path of a job.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.job import State
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.running.executor import Executor
from taskflowmq.worker.settling.completer import Completer
from taskflowmq.worker.slots import SlotTable

log = logging.getLogger("taskflowmq.worker")

LOOK_SECONDS = 2.0
#: Kinds of notes: of a worker about itself, and of a supervisor about its child.
PROGRESS, SLOTS, CHILD = "progress", "slots", "child"
#: Awaited jobs that are read to tell whether any has started.
MOST_AWAITED = 100


def no_progress(completer: Completer, claim_age: float, now: float, *, claims: bool, patience: float) -> str | None:
    """Return why a worker makes no progress; None if it does.

    Args:
        completer: where outcomes wait for the store.
        claim_age: seconds since the store last answered a claim.
        now: monotonic seconds.
        claims: whether it claims: a slot is free, and it is not drained.
        patience: seconds that both may take.
    """
    unstored = now - completer.waiting_since if completer.backlog else 0.0
    if unstored >= patience:
        return f"the store has accepted no outcome of its {completer.backlog} ended jobs for {unstored:.0f} s"
    if claims and claim_age >= patience:
        return f"the store has answered no claim for {claim_age:.0f} s"
    return None


class Notes:
    """Checks one worker every two seconds and reports changes.

    Args:
        deps: the worker's ports.
        executor: the bodies that run.
        slots: room for them.
        trouble: tells why this worker makes no progress; None if it does.
    """

    def __init__(
        self, deps: WorkerDeps, executor: Executor, slots: SlotTable, trouble: Callable[[], str | None]
    ) -> None:
        self._deps = deps
        self._executor = executor
        self._slots = slots
        self._trouble = trouble
        self._reported: dict[str, str] = {}
        self._said: dict[str, str] = {}
        self._worker_id = deps.worker_id
        self._suspect: frozenset[UUID] = frozenset()

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            await self._deps.clock.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except TaskFlowError as error:  # the store is unreachable: logged elsewhere, and reported once it is back
                log.debug("a note of this worker was not reported: %s", error)

    async def look(self) -> None:
        """Check once."""
        if self._worker_id != self._deps.worker_id:  # a new row, without notes
            self._worker_id, self._reported = self._deps.worker_id, {}
        found = {PROGRESS: self._trouble(), SLOTS: await self._waiting_for_each_other()}
        self._log(found)
        changed = {kind: text for kind, text in found.items() if (text is None) != (kind not in self._reported)}
        if not changed:
            return
        await self._deps.store.workers.report(self._worker_id, changed)
        for kind, text in changed.items():
            if text is None:
                del self._reported[kind]
            else:
                self._reported[kind] = text

    def _log(self, found: dict[str, str | None]) -> None:
        """Log a new note, once, also while the store accepts no report."""
        for kind, text in found.items():
            said = self._said.get(kind)
            if text is not None and said is None:
                self._said[kind] = text
                log.warning("this worker makes no progress: %s", text)
            elif text is None and said is not None:
                del self._said[kind]
                log.info("this worker makes progress again; resolved: %s", said)

    async def _waiting_for_each_other(self) -> str | None:
        """Tell whether every slot is held by a body that waits for jobs of which none has started, at two checks."""
        awaited = frozenset() if self._slots.free else self._awaited()
        stays, self._suspect = awaited & self._suspect, awaited
        if not stays:
            return None
        asked = sorted(awaited)[:MOST_AWAITED]
        # Bodies wait for jobs that they have enqueued through their app.
        views = await self._deps.store.jobs.get_many(self._deps.tenant, asked)
        # Jobs that are not found, such as other tenants', do not count.
        if len(views) < len(asked) or any(view.state is State.RUNNING or view.state.final for view in views):
            return None
        tasks = ", ".join(sorted({view.task for view in views})[:5])
        return (
            f"all {self._slots.size} slots are held by jobs that wait for others, none of which has started "
            f"({tasks}): see docs/waiting.md"
        )

    def _awaited(self) -> frozenset[UUID]:
        """Return the jobs that the bodies wait for; none if a body waits for none."""
        found: set[UUID] = set()
        for run in self._executor.runs.values():
            if not run.awaited:
                return frozenset()
            found |= run.awaited
        return frozenset(found)
