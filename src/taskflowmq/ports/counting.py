"""Counting what ends without the worker that began it: the jobs of dead processes and lost workers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID

from taskflowmq.core.error_groups import occurrences_of
from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.history import figures_of
from taskflowmq.core.job import HeldJob
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.store import Store

log = logging.getLogger("taskflowmq.store")


async def count_ends(store: Store, writer: UUID, ends: Sequence[tuple[HeldJob, Transition]]) -> None:
    """Append how attempts ended; figures that the store does not take are dropped: their jobs are settled.

    Args:
        store: where to.
        writer: the worker that began them.
        ends: the jobs, and what was written of them.
    """
    try:
        await store.history.append(writer, figures_of(ends))
        failures = occurrences_of(ends)
        if failures:
            await store.errors.append(failures, writer=writer)
    except TaskFlowError as error:
        log.warning("the jobs of worker %s are missing in the history: %s", writer, error)
