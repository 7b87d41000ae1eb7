"""The record of refused requests: a log line per address and minute, and a count; never a key, nor a part of one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from taskflowmq.ports.telemetry import Telemetry

log = logging.getLogger("taskflowmq.server")

#: How often an address is logged, in seconds.
EVERY_S = 60.0
#: How many addresses are remembered; beyond, they share one line.
MOST_ADDRESSES = 1_000
_OTHERS = "further addresses"


class Refusals:
    """Records requests that were refused because of their sender.

    Args:
        telemetry: counts them as the event ``request_refused``; None counts nothing.
        clock: monotonic seconds.
    """

    def __init__(self, telemetry: Telemetry | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._telemetry = telemetry
        self._clock = clock
        #: Address → when it was logged last, and how often it was refused since.
        self._seen: dict[str, tuple[float, int]] = {}

    def note(self, peer: str | None, code: str, request_id: str) -> None:
        """Record one request.

        Args:
            peer: the address of the connection's other end.
            code: why: the code of the answer.
            request_id: as the answer says it.
        """
        if self._telemetry is not None:
            self._telemetry.event("request_refused")
        now, address = self._clock(), peer or "an unknown address"
        if address not in self._seen and len(self._seen) >= MOST_ADDRESSES:
            self._seen = {one: seen for one, seen in self._seen.items() if now - seen[0] < EVERY_S}
            if len(self._seen) >= MOST_ADDRESSES:
                address = _OTHERS
        at, more = self._seen.get(address, (now - EVERY_S, 0))
        if now - at < EVERY_S:
            self._seen[address] = at, more + 1
            return
        self._seen[address] = now, 0
        since = f"; {more} more since the last line" if more else ""
        log.warning("request from %s refused: %s%s", address, code, since, extra={"request_id": request_id})
