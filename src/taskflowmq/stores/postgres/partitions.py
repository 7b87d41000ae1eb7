"""Partitions by creation day: made ahead of time, dropped when nothing is left in them.

Both need a lock on the parent table for an instant. They wait a second for it at most and leave it to the next turn
otherwise: work comes before upkeep.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from taskflowmq.stores.postgres import errors
from taskflowmq.stores.postgres.queries import q

DAYS_AHEAD = 3
_PARENTS = ("job", "outcome")
_log = logging.getLogger("taskflowmq.stores.postgres")


async def maintain(conn: Any, now: datetime | None) -> None:
    """Make the partitions of the coming days, and drop empty ones that are over; each in its own transaction."""
    for parent in _PARENTS:
        for ahead in range(DAYS_AHEAD + 1):
            await _quietly(conn, q.create_partition, now, parent, ahead)
    for row in await conn.fetch(q.list_old_partitions, now):
        await _quietly(conn, q.drop_partition, row["parent"], row["day"])


async def _quietly(conn: Any, statement: str, *args: Any) -> None:
    try:
        await conn.fetchval(statement, *args)
    except Exception as error:
        if errors.code_of(error) != errors.LOCK_TIMEOUT:
            raise
        _log.info("partition upkeep gave way to work and is left for the next turn")
