"""The settings of a session, whatever the defaults of its server, database or role.

Settings that are requested at connect override defaults of ``ALTER ROLE … SET`` and ``ALTER DATABASE … SET``. Settings
that cannot be requested there, because older servers do not know them or a stronger value may stay, are corrected once
per connection. Behind a pooler nothing can be set; defaults that do not work there are refused at open.
"""

from __future__ import annotations

from typing import Any

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.stores.postgres import errors
from taskflowmq.stores.postgres.queries import q

OLDEST_SERVER = 14
#: Since this version a role may have a limit for whole transactions.
_LIMITS_TRANSACTIONS = 17

#: For every session, also those of handlers: a handler that sleeps must not prevent the rescue of its job.
_OF_ALL = {
    "lock_timeout": "5s",
    # Below the default lease.
    "idle_in_transaction_session_timeout": "25s",
    # Connections are kept. The pool abandons statements itself (``command_timeout``); a cut one costs its whole batch.
    "idle_session_timeout": "0",
    "statement_timeout": "0",
    # Every statement is correct under it, and under the other levels the busy ones fail constantly (40001).
    "default_transaction_isolation": "read committed",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    # Plans of the hot statements must not depend on how small a table was when it was planned: with sequential scans
    # off the planner has only the index left (PEERS: plan traps).
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
#: For sessions in which only our own statements run. A handler's SQL finds its own tables and formats.
_OF_OURS = {
    # Tables are always named with their schema. Operators are not, and a role that may create in a schema of the path
    # could put its own in their place (CVE-2018-1058).
    "search_path": "pg_catalog, pg_temp",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "standard_conforming_strings": "on",
}
#: Session settings of direct connections.
SETTINGS = _OF_ALL | _OF_OURS
LENT_SETTINGS = _OF_ALL

#: Checked when the store is opened: whether they reached the server.
_PROOF = ("enable_seqscan", "plan_cache_mode")
_ISOLATION = "default_transaction_isolation"


async def prepare(conn: Any, *, pooler: bool) -> None:
    """Check a new connection, and correct the settings that could not be requested at connect.

    Raises:
        StoreUnavailable: the server is too old.
    """
    version = conn.get_server_version()
    if version.major < OLDEST_SERVER:
        raise StoreUnavailable(
            f"PostgreSQL {version.major} is too old: TaskFlow needs {OLDEST_SERVER} or newer. Upgrade the server"
        )
    if not pooler:
        await conn.fetch(q.set_session, version.major >= _LIMITS_TRANSACTIONS)


async def check(conn: Any, *, pooler: bool) -> None:
    """Check that the settings requested at connect have arrived; behind a pooler, that the defaults are usable.

    Raises:
        StoreUnavailable: there is a pooler that the URL does not name, or a default under which nothing works.
    """
    if not pooler:
        for name, value in await conn.fetch(q.read_settings, list(_PROOF)):
            if value != SETTINGS[name]:
                raise StoreUnavailable(f"PostgreSQL: {errors.BEHIND_POOLER} ({name} is {value}, not as set at connect)")
        return
    for name, value in await conn.fetch(q.read_settings, [_ISOLATION]):
        if value != SETTINGS[name]:
            raise StoreUnavailable(
                f"PostgreSQL: {name} is {value!r}, and behind a pooler it cannot be set. Run: ALTER ROLE … SET {name} ="
                f" {SETTINGS[name]!r}"
            )
