"""Spreads the retries of jobs that fail at once: jobs that failed together must not be retried together.

If a service that handlers need is down, a thousand jobs can fail within a second. Jitter in proportion to a short delay
would retry them all within about a second (RELIABILITY F47). Delays only grow here, and a job that fails alone waits as
its policy says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from taskflowmq.core.job import State
from taskflowmq.core.retry import spread_delay_ms
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.chance import chance

#: Failures within this time count together.
WINDOW_SECONDS = 1.0
#: More failures make no difference: the delay has reached its bound.
MOST = 1_000


class RetrySpread:
    """Counts this worker's failures of the last second and delays retries by their number.

    Args:
        monotonic: reads a clock that does not go back, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failed_at: deque[float] = deque(maxlen=MOST)

    def spread(self, transition: Transition) -> Transition:
        """Return the transition, with more delay if it is one of many retries."""
        if transition.to is not State.RETRYING:
            return transition
        failed_at, now = self._failed_at, self._monotonic()
        while failed_at and failed_at[0] < now - WINDOW_SECONDS:
            failed_at.popleft()
        failed_at.append(now)
        extra = spread_delay_ms(len(failed_at), chance.random())
        if not extra:
            return transition
        return msgspec.structs.replace(transition, delay_ms=transition.delay_ms + extra)
