"""Settings of the PostgreSQL store. One value; every field has a default that fits most programs."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from taskflowmq.core.validation import MAX_QUEUES


class PostgresOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to connect to PostgreSQL.

    Args:
        migrate: "auto" makes the store, or applies missing migrations, at open; "upgrade" only the latter, to a
            store that exists; "manual" checks the version, "off" not even that (for commands that manage it).
        pool_size: most connections of this process, the listener's apart; as many more may be lent to handlers for
            transactions (``ctx.transaction()``).
        pooler: True behind a transaction-mode pooler (PgBouncer): no prepared statements, no session settings, and
            no LISTEN.
        notify: whether to use LISTEN/NOTIFY for sooner wake-ups; never with ``pooler``.
        connect_timeout: seconds to wait for one connection attempt.
        command_timeout: seconds after which a statement is abandoned and its connection discarded.
        acquire_timeout: seconds to wait for a free connection.
        tries: how often a deadlock, a serialisation failure or a lock timeout is tried, at least 1.
        application_name: as shown in pg_stat_activity.
        startup_options: command-line options for the server's session, as libpq's ``options``.
        socket: libpq's parameters of the socket (``keepalives`` …, ``tcp_user_timeout``); others keep our defaults.
        system_roots: whether the server must show a certificate that this system trusts (``sslrootcert=system``).
        max_queues: most queues of the store, and most lanes: a queue and a priority. A new one above it is refused.
    """

    migrate: str = "auto"
    pool_size: int = 6
    pooler: bool = False
    notify: bool = True
    connect_timeout: float = 10.0
    command_timeout: float = 30.0
    acquire_timeout: float = 30.0
    tries: int = 5
    application_name: str = "taskflow"
    startup_options: str | None = None
    socket: Mapping[str, int] = {}
    system_roots: bool = False
    max_queues: int = MAX_QUEUES

    @property
    def listens(self) -> bool:
        """Whether LISTEN/NOTIFY is used."""
        return self.notify and not self.pooler
