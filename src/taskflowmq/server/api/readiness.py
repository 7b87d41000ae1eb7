"""Whether this process can serve now: the answer for probes, and a log line when it changes.

A probe comes every few seconds for as long as an outage lasts, so only a change of the answer is logged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from taskflowmq.core.errors import StoreUnavailable, TaskFlowError
from taskflowmq.server.edge.problems import NotReady, from_error

log = logging.getLogger("taskflowmq.server")

UNAVAILABLE = 503


class Readiness:
    """Checks whether this process can serve.

    Args:
        ask: returns if it can; raises NotReady or an error of the store if not.
        seconds: time that the answer may take.
    """

    def __init__(self, ask: Callable[[], Awaitable[Any]], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        #: The last answer. A process without a probe yet counts as ready, so that its first answer is not logged.
        self._ready = True

    async def check(self) -> None:
        """Return if this process can serve.

        Raises:
            NotReady: it cannot now.
        """
        try:
            async with asyncio.timeout(self._seconds):
                await self._ask()
        except (TimeoutError, TaskFlowError, NotReady) as error:
            refusal = self._refusal(error)
            if refusal is None:
                raise
            raise refusal from error
        if not self._ready:
            self._ready = True
            log.info("ready again")

    def _refusal(self, error: Exception) -> NotReady | None:
        """Return the answer to a probe; None for an error that says nothing about being ready."""
        known = StoreUnavailable("the store did not respond in time") if isinstance(error, TimeoutError) else error
        problem = from_error(known)
        if problem is None or problem.status != UNAVAILABLE:
            return None
        if self._ready:
            self._ready = False
            log.warning("not ready: %s", known)
        return NotReady(problem.code, problem.detail)
