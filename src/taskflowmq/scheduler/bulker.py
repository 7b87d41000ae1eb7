"""Carries out bulk operations, chunk by chunk."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from taskflowmq.core.bulk import Bulk
from taskflowmq.core.errors import StoreUnavailable, TaskFlowError
from taskflowmq.core.filter_match import needs_of
from taskflowmq.core.redact import redact_text
from taskflowmq.core.redacted import check_terms
from taskflowmq.core.redaction import Redaction, Rule, rules_of
from taskflowmq.core.validation import clean_text
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import MAX_BATCH, Store
from taskflowmq.ports.store.bulks import BulkStep
from taskflowmq.ports.telemetry import Telemetry
from taskflowmq.scheduler.looper import Looper

log = logging.getLogger("taskflowmq.scheduler")

#: Most operations that have one turn, a step each; the others have the next one.
AT_ONCE = 8
#: Seconds between two looks for operations that ended long ago.
PRUNE_EVERY = 3600.0
_LONGEST_PROBLEM = 500


class Bulker(Looper):
    """Takes a step of each live operation in turn, until none has one, and sleeps until the next may be taken.

    Every node does: the store lets one at a time act on an operation, and a turn would cost a write per poll.

    Args:
        store, clock, telemetry, interval: as of every duty.
        rules: of redaction, beside those that tasks announce.
    """

    name = "bulker"

    def __init__(
        self, store: Store, clock: Clock, telemetry: Telemetry, interval: float, rules: Sequence[Rule] = ()
    ) -> None:
        super().__init__(store, clock, telemetry, interval)
        self._rules = tuple(rules)
        self._prune_at = float("-inf")
        #: The tenant that had the last turn.
        self._after = ""

    async def turn(self) -> float | None:
        """Take steps while there are any; then wait for the time of the next one, if it is known."""
        pause: float | None = None
        while live := await self._store.bulks.live(AT_ONCE, self._after):
            self._after = live[-1].tenant
            steps = [await self._step(bulk) for bulk in live]
            if not any(step.worked for step in steps):
                known = [step.wait_ms / 1000 for step in steps if step.wait_ms]
                pause = min([*known, self._interval]) if known else None
                break
        await self._prune()
        return pause

    async def _step(self, bulk: Bulk) -> BulkStep:
        """Take one step of an operation; one that cannot continue is ended, so that it does not hold up the others."""
        try:
            return await self._store.bulks.step(bulk, await self._hidden(bulk))
        except StoreUnavailable:
            raise
        except Exception as error:
            problem = clean_text(redact_text(f"{type(error).__name__}: {error}"), _LONGEST_PROBLEM)
            known = isinstance(error, TaskFlowError)
            log.warning("bulk operation %s has failed: %s", bulk.id, problem, exc_info=not known)
            await self._store.bulks.fail(bulk.id, problem)
            return BulkStep(True)

    async def _hidden(self, bulk: Bulk) -> Redaction | None:
        """Return what the filter of an operation does not see: an operator finds by it what lists show, and no more.

        Raises:
            BadFilter: a term names a field that is hidden, by a rule of this process or one that is newer than the
                operation. Against the mask, a negated term would mean every job.
        """
        terms = () if bulk.collected else bulk.query().terms
        if not any(needs_of(terms)):
            return None
        tasks = await self._store.intake.list_tasks(bulk.tenant)
        announced = (rule for task in tasks for rule in rules_of(task.name, task.options))
        redaction = Redaction((*self._rules, *announced))
        check_terms(redaction, terms, instead="start it again with other terms, or name the jobs by their ids")
        return redaction

    async def _prune(self) -> None:
        if self._clock.monotonic() >= self._prune_at:
            while await self._store.bulks.prune(MAX_BATCH) >= MAX_BATCH:
                pass
            self._prune_at = self._clock.monotonic() + PRUNE_EVERY
