"""Functions in the store: each is a file that is run again when its text differs from what the store has.

Code that must run inside a caller's transaction, or takes several steps in one round trip, is a function. Functions
read the time once, plan against indexes whatever the statistics, and raise these codes: TF001 conflict, TF002 not
unique, TF003 idempotency mismatch, TF004 lease lost.

A function is replaced in the transaction of the migration that it comes with, so that a new schema never has old
functions. Programs of an older version continue calling it: its signature never changes under one name, and what they
send and expect stays valid. A function with another signature gets another name (``enqueue_v2``), and the old one stays
as long as programs of that version may run.

The store keeps a checksum of each. Only the schema version says which of two texts is newer: a program never replaces
functions in a store of a newer version. So a release that changes a function has a migration, too
(tools/check_functions.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from taskflowmq.stores.postgres.queries import functions, q

#: The schema version from which on the store keeps checksums.
SINCE = 10
_PREFIX = "functions/"


@cache
def checksums() -> Mapping[str, str]:
    """Return the checksum of every function of this version of the library, by name."""
    return {name: hashlib.sha256(sql.encode()).hexdigest()[:32] for name, sql in functions().items()}


def stale(recorded: str) -> list[tuple[str, str]]:
    """Return (name, SQL) of the functions that the store lacks or has with another text.

    Args:
        recorded: what the store keeps, as JSON.
    """
    stored: dict[str, str] = msgspec.json.decode(recorded, type=dict[str, str])
    texts = functions()
    return [(_PREFIX + name, texts[name]) for name, ours in checksums().items() if stored.get(name) != ours]


async def replace_stale(conn: Any) -> list[str]:
    """Replace the functions that differ, record the new checksums, and return their names.

    Call it in a transaction that holds the lock of migrations. Grants on functions stay.
    """
    found = stale(await conn.fetchval(q.read_functions))
    for _, sql in found:
        await conn.execute(sql)
    if found:
        await conn.fetchrow(q.write_functions, msgspec.json.encode(checksums()).decode())
    return [name for name, _ in found]
