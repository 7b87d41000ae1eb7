"""How many streams there may be, and how often something happens in them."""

from __future__ import annotations

import msgspec


class FeedLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one feed. Durations are seconds.

    Args:
        most: streams at once.
        most_each: of them, those of one caller (:class:`~taskflowmq.server.settings.ServerSettings` has both).
        comment_s: a stream that has nothing to say sends a comment after this long.
        recheck_s: how often it is checked that the caller may still read.
        value_s: how often counts, queues and workers are asked for at most.
        pages_s: for how long a tick asks for the beginnings of lists; those that are left come first in the next one.
        series_s: the same of the series, to which workers add every ten seconds.
        again_s: how long after a failed look at the store the next one comes.
        current_s: a feed whose last answer is older sends no comments: what its streams have sent may be old.
        patience_s: how long a client may take nothing, where the HTTP server does not see to that.
        drain_s: how long streams may take to end when the server stops.
        bye_s: within this time, drawn at random for each, clients come back.
    """

    most: int = 200
    most_each: int = 8
    comment_s: float = 15.0
    recheck_s: float = 60.0
    value_s: float = 2.0
    pages_s: float = 0.1
    series_s: float = 10.0
    again_s: float = 2.0
    current_s: float = 10.0
    patience_s: float = 10.0
    drain_s: float = 1.0
    bye_s: float = 2.0
