"""How statements are run: as generators that yield steps, so that one piece of code serves every connection.

The store's own writer thread, a caller's ``sqlite3`` connection, an ``aiosqlite`` one and SQLAlchemy all run the
same generators; only the few lines that execute a step differ (``transactions.py``).

Statements take a whole batch as one JSON text and one blob of ids, and return one JSON text. The reason is the GIL: the
sqlite3 module releases it at every step of a statement, and beside a thread that computes, taking it back can cost the
switch interval (5 ms) each time. A batch of 500 rows inserted one by one beside such a thread took 350 ms under the
write lock; as one statement it takes 15.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
Params = Mapping[str, Any]


class Step(NamedTuple):
    """One statement to run. ``clash``: a violated constraint is an answer, not an error."""

    sql: str
    params: Params
    clash: bool = False


class Reply(NamedTuple):
    """The result of a step: its rows, how many it changed, and whether it violated a constraint."""

    rows: list[Any]
    changed: int = 0
    clash: bool = False


Steps = Generator[Step, Reply, T]


def run_steps(conn: sqlite3.Connection, steps: Steps[T]) -> T:
    """Run every step on a connection and return what the generator returns."""
    reply = None
    while True:
        try:
            step = next(steps) if reply is None else steps.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result
        try:
            cursor = conn.execute(step.sql, step.params)
            rows = cursor.fetchall() if cursor.description is not None else []
            reply = Reply(rows, cursor.rowcount)
        except sqlite3.IntegrityError:
            if not step.clash:
                raise
            reply = Reply([], 0, clash=True)
