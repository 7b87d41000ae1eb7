"""Transactions lent to handlers (``ctx.transaction()``): how they begin and end, and the error when one is cut.

An error of the handler passes as it is, and so does the database's refusal of the handler's own SQL: the handler may
wait for either around its ``async with``. If the database is unreachable, :class:`StoreUnavailable` says so, and what
became of the transaction. That is known until COMMIT is sent, and again once its answer is there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from taskflowmq.core.errors import StoreUnavailable, WrongContext
from taskflowmq.stores.postgres import errors
from taskflowmq.stores.postgres.pool import CANCEL_S, Connection, Loan, Pool
from taskflowmq.stores.postgres.queries import q

_log = logging.getLogger("taskflowmq.stores.postgres")
_AFTERWARDS = "If this error leaves the handler, the attempt has failed, and the job runs again as its retries allow"
_NOTHING = f"Nothing of ctx.transaction() is stored. {_AFTERWARDS}"
_UNKNOWN = (
    "the connection was lost at COMMIT, so ctx.transaction() may or may not have taken effect. "
    f"{_AFTERWARDS}: handlers run at least once. A job whose ctx.complete() was committed in it does not run again"
)
_ABORTED = (
    "ctx.transaction() cannot be committed: a statement in it has failed, and PostgreSQL refuses all that follows it. "
    "Nothing is stored. Let the error leave the block, or put the statement that may fail into a savepoint: "
    "`async with conn.transaction():`"
)


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Any]:
    """Lend a connection in a transaction: committed at the end of the block, rolled back on an error.

    Raises:
        StoreUnavailable: the database is unreachable; the message says whether the transaction is stored.
        WrongContext: the transaction cannot be committed: a statement of the handler is still in progress, or one has
            failed and the handler has caught its error.
    """
    loan, block = await _begin(pool)
    try:
        try:
            yield loan.proxy
        except BaseException as error:
            away = _away(error, loan.conn)
            await _roll_back(loan.conn, block)
            if away is None:
                raise
            pool.judge(loan.conn, error)
            raise away from error
        await _commit(pool, loan.conn, block)
    finally:
        await loan.end()


async def _begin(pool: Pool) -> tuple[Loan, Any]:
    """Return a connection and the transaction that was begun on it.

    A connection that has been idle may have been cut meanwhile. Then another one is taken: a BEGIN changes nothing.
    """
    await pool.open()
    for left in reversed(range(pool.tries)):
        loan = await pool.borrow()
        block = loan.conn.transaction()
        try:
            await block.start()
        except BaseException as error:
            cut = errors.is_cut(error, closed=loan.conn.is_closed())
            pool.judge(loan.conn, error)
            await loan.end()
            if left and cut:
                continue
            known = errors.translate(error)
            if known is None:
                raise
            raise known from error
        return loan, block
    raise AssertionError("unreachable")


async def _roll_back(conn: Connection, block: Any) -> None:
    """Roll back; an error of the rollback must not hide the error that led here."""
    if conn.is_closed():
        return
    try:
        # A ROLLBACK itself takes no time; the acknowledgement of a cancelled statement comes before it, or never.
        async with asyncio.timeout(CANCEL_S):
            await block.rollback()
    except errors.FAILURES as error:
        # The server rolls back what a connection leaves behind.
        _log.debug("a rollback failed, and its connection is closed: %s", error)
        conn.terminate()


def _away(error: BaseException, conn: Connection) -> StoreUnavailable | None:
    """Return what to raise for an error of the block that says that the database is unreachable; None for any other."""
    if not errors.is_cut(error, closed=conn.is_closed()) and not errors.is_outage(error):
        return None
    return StoreUnavailable(f"PostgreSQL: {errors.text_of(error)}. {_NOTHING}")


async def _commit(pool: Pool, conn: Connection, block: Any) -> None:
    if conn.is_closed():
        raise StoreUnavailable(f"PostgreSQL: the connection was cut before COMMIT. {_NOTHING}")
    await _refuse_aborted(pool, conn, block)
    try:
        await block.commit()
    except Exception as error:
        closed = conn.is_closed()
        pool.judge(conn, error)
        if errors.was_not_sent(error):
            raise StoreUnavailable(f"PostgreSQL: {errors.text_of(error)}. {_NOTHING}") from error
        if isinstance(error, asyncpg.InterfaceError) and not closed:
            raise WrongContext(f"ctx.transaction() cannot be committed: {error}") from error
        if closed or errors.dooms_connection(error):
            raise StoreUnavailable(f"PostgreSQL: {_UNKNOWN} ({errors.text_of(error)})") from error
        if errors.is_outage(error):
            raise StoreUnavailable(f"PostgreSQL: {errors.text_of(error)}. {_NOTHING}") from error
        raise


async def _refuse_aborted(pool: Pool, conn: Connection, block: Any) -> None:
    """Refuse to commit after a statement has failed and the handler has caught its error.

    Then the server answers COMMIT with ROLLBACK, and the driver does not report it: the handler's writes would be lost
    silently. Any statement is refused in that state, so one that does nothing proves it.
    """
    try:
        await conn.fetchval(q.ping_connection)
    except Exception as error:
        away = _away(error, conn)
        await _roll_back(conn, block)
        pool.judge(conn, error)
        if isinstance(error, asyncpg.InFailedSQLTransactionError):
            raise WrongContext(_ABORTED) from error
        if isinstance(error, asyncpg.InterfaceError) and away is None:
            raise WrongContext(f"ctx.transaction() cannot be committed: {error}") from error
        if away is None:
            raise
        raise away from error
