"""Settings of the store on SQLite, each with the default that suits production."""

from __future__ import annotations

import msgspec

from taskflowmq.core.validation import MAX_QUEUES


class SqliteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a SQLite file is used.

    Args:
        migrate: "auto" makes a missing file and applies pending migrations when the store opens, "upgrade" does the
            latter to a store that exists, "manual" refuses a missing or old one, "off" checks nothing (for commands
            that manage the schema).
        file_mode: the rights of a new database file, of its log and of the files beside it. An existing file keeps its
            own. 0o660 is for several Unix users of one group (docs/configuration.md).
        beside: whether a store may be made in a file that holds tables of the application.
        lock_timeout_s: how long a write waits for other processes before it raises StoreUnavailable.
        synchronous: "FULL" commits survive power loss; "NORMAL" may lose the last ones (never corrupt).
        cache_kib: page cache of the writer and of the reader, each, in KiB; it fills only when used.
        wal_pages: pages of write-ahead log after which a commit moves them into the file.
        switch_interval_s: how long a busy thread may keep the interpreter from the writer thread. It is a setting of
            the process (``sys.setswitchinterval``), which is only ever lowered; 0 does not change it, because a process
            that only enqueues belongs to its user. Worker children lower it themselves.
        max_queue: write operations that may wait in this process before new ones raise StoreUnavailable.
        transaction_timeout_s: how long a handler may keep ``ctx.transaction()`` open; below the lease.
        wake: tell other processes of this machine about ready jobs through a socket beside the file.
        max_queues: most queues of the store, and most lanes: a queue and a priority. A new one above it is refused.
    """

    migrate: str = "auto"
    file_mode: int = 0o600
    beside: bool = False
    lock_timeout_s: float = 15.0
    synchronous: str = "FULL"
    cache_kib: int = 16_384
    wal_pages: int = 2_000
    switch_interval_s: float = 0.0
    max_queue: int = 10_000
    transaction_timeout_s: float = 20.0
    wake: bool = True
    max_queues: int = MAX_QUEUES
