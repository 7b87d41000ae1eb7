"""The one border where driver errors become TaskFlow's, and what each says about its connection."""

from __future__ import annotations

import asyncio
import ssl

import asyncpg

from taskflowmq.core.errors import (
    Conflict,
    IdempotencyMismatch,
    InvalidJob,
    LeaseLost,
    NotUnique,
    SchemaMismatch,
    StoreForbidden,
    StoreUnavailable,
    TaskFlowError,
    WrongContext,
)
from taskflowmq.core.redact import redact_text
from taskflowmq.stores.common.namespaces import unfinished

#: The statement did nothing, and may succeed when it is repeated.
RETRIED = frozenset({"40001", "40P01", "55P03"})
LOCK_TIMEOUT = "55P03"
DENIED = "42501"
#: The database does not work now, whatever the statement: connection, resources, shutdown, disks.
_OUTAGE_CLASSES = frozenset({"08", "53", "58"})
#: What the driver raises when the database, or the connection to it, refuses or fails.
FAILURES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
#: The tables, their schema or the column that identifies the store are missing.
NO_STORE = frozenset({"42P01", "42703", "3F000"})
#: What is being made exists: a schema, table, column, other object or function, its row in a catalog, or a newer
#: version of that row.
MADE_ALREADY = frozenset({"42P06", "42P07", "42701", "42710", "42723", "23505", "XX000"})
#: What a pooler answers to a program that treats the session as its own: it refuses session settings at connect, or
#: the program meets another session's prepared statement, or its own is gone.
_SHARED_SESSION_CODES = frozenset({"26000", "42P05"})
#: The beginning of the driver's message that a connection was no longer usable for a statement, of which nothing was
#: sent: the server's last message had arrived, and the end of the connection had not yet.
_NOT_SENT = ("cannot switch to state", "not connected")
BEHIND_POOLER = "a pooler in front of the database shares its sessions. Add ?pooler=true to the URL"
#: After these the session is useless, or pinned to a server that became a standby (RELIABILITY F10, F11).
_READ_ONLY = "25006"
_SHUTDOWNS = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})
_DOOMED_CODES = _SHUTDOWNS | {_READ_ONLY, "0A000"}
#: The database refuses to work for a while: full disk, too many connections, shutting down, cancelled, standby.
_UNAVAILABLE_CLASSES = frozenset({"08", "53", "55", "57", "58", "25", "40", "0A", "28", "3D", "XX"})
#: Text for which the encoding of the database has no characters.
_UNTRANSLATABLE = frozenset({"22021", "22P05"})
#: A row that the database cannot hold: its data, its constraints, its limits.
_BAD_ROW_CLASSES = frozenset({"22", "23", "54"})


def code_of(error: BaseException) -> str:
    """Return the SQLSTATE of a driver error, or an empty string."""
    return str(getattr(error, "sqlstate", None) or "")


def retried(error: BaseException) -> bool:
    """Tell whether the same work should be repeated at once."""
    return code_of(error) in RETRIED or was_not_sent(error)


def was_not_sent(error: BaseException) -> bool:
    """Tell whether the driver sent nothing of the statement, because the connection was no longer usable."""
    return isinstance(error, asyncpg.InternalClientError) and str(error).startswith(_NOT_SENT)


def is_cut(error: BaseException, *, closed: bool) -> bool:
    """Tell whether an error means that its connection was cut.

    Args:
        error: what a statement raised, or code around it.
        closed: whether the connection is closed. Then the driver answers with errors of several kinds, of which
            AttributeError is one, and our own check of the connection with WrongContext.
    """
    if is_shutdown(error) or was_not_sent(error):
        return True
    kinds = (asyncpg.InterfaceError, asyncpg.InternalClientError, AttributeError, WrongContext)
    return closed and isinstance(error, kinds)


def is_shutdown(error: BaseException) -> bool:
    """Tell whether the server, or the network, ended the connection of this statement."""
    code = code_of(error)
    return code.startswith("08") or code in _SHUTDOWNS


def origin(error: BaseException) -> BaseException:
    """Return what ended the connection, if the driver reports only that it can no longer roll back on it."""
    before = error.__context__
    return before if isinstance(error, asyncpg.InterfaceError) and before and is_shutdown(before) else error


def is_outage(error: BaseException) -> bool:
    """Tell whether the database answers that it does not work now, whatever the statement."""
    code = code_of(error)
    return code[:2] in _OUTAGE_CLASSES or code == _READ_ONLY or is_shutdown(error)


def text_of(error: BaseException) -> str:
    """Return what a driver error says, without secrets."""
    return redact_text(str(error)) or type(error).__name__


def dooms_connection(error: BaseException) -> bool:
    """Tell whether the connection that raised this must not be used again."""
    if is_bad_row(error):
        return False
    code = code_of(error)
    if code:
        return code in _DOOMED_CODES or code.startswith("08")
    return isinstance(error, OSError | asyncio.TimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError)


def dooms_all(error: BaseException) -> bool:
    """Tell whether the idle connections of the pool are as useless as the one that raised this.

    The peer is silent, or a standby now: each connection would fail by itself, one time-out after another.
    """
    return code_of(error) in ("", _READ_ONLY) and dooms_connection(error)


def is_bad_row(error: BaseException) -> bool:
    """Tell whether the database refused the data itself, so that a repeat would fail too."""
    return code_of(error)[:2] in _BAD_ROW_CLASSES or isinstance(error, asyncpg.DataError | UnicodeError)


def is_untranslatable(error: BaseException) -> bool:
    """Tell whether the encoding of the database has no characters for a text."""
    return code_of(error) in _UNTRANSLATABLE


def why_refused(error: BaseException) -> str:
    """Say in a few words of ASCII why the database has refused a row."""
    return "the encoding of the database lacks its characters" if is_untranslatable(error) else type(error).__name__


def at_connect(error: BaseException) -> TaskFlowError:
    """Return the TaskFlow error for a connection that the server refused, with its reason."""
    known = translate(error)
    if isinstance(known, StoreUnavailable):
        return known
    if isinstance(error, ValueError):
        # The driver quotes the text that it could not read, which may be a part of the password.
        return StoreUnavailable("PostgreSQL: the database URL is malformed. Percent-encode / ? # @ : in its password")
    return StoreUnavailable(f"PostgreSQL refused to connect: {redact_text(str(error))}")


#: Names that programs of schema version 10 need to be unique in the whole store; gone after finish/0011_tenants.sql.
_UNFINISHED = frozenset({"queue_name_key", "task_name_key"})


def translate(error: BaseException) -> TaskFlowError | None:
    """Return the TaskFlow error for a driver error, or None for a bug, which must surface as it is."""
    code = code_of(error)
    known = _by_code(code, error)
    if known is not None:
        return known
    if getattr(error, "constraint_name", None) in _UNFINISHED:
        return unfinished()
    if code[:2] in _UNAVAILABLE_CLASSES:
        return StoreUnavailable(f"PostgreSQL: {redact_text(str(error))} ({code})")
    if isinstance(error, TimeoutError | OSError | ssl.SSLError | asyncpg.InterfaceError | asyncpg.InternalClientError):
        return StoreUnavailable(f"PostgreSQL: {text_of(error)}")
    return None


def _by_code(code: str, error: BaseException) -> TaskFlowError | None:
    text = str(getattr(error, "message", None) or error)
    if code in _SHARED_SESSION_CODES or (code == "08P01" and "startup parameter" in text):
        return StoreUnavailable(f"PostgreSQL: {BEHIND_POOLER} ({text})")
    match code:
        case "TF001":
            return Conflict(text)
        case "TF002":
            return NotUnique(text, str(getattr(error, "detail", "")))
        case "TF003":
            return IdempotencyMismatch(f"the Idempotency-Key {text!r} was used with a different request")
        case "TF004":
            return LeaseLost(text)
        case "42501":  # DENIED
            return StoreForbidden(f"PostgreSQL denies this role the operation: {text}")
        case "25006":
            return StoreUnavailable(
                f"PostgreSQL accepts no writes ({text}): it is a standby, or default_transaction_read_only is on"
                " for this role or database (some providers switch it on when the disk is full)"
            )
        case "22021" | "22P05":
            return InvalidJob(f"{text}. Only a database with the encoding UTF8 holds every text")
        case "42704":
            return StoreUnavailable(f"PostgreSQL lacks a feature that TaskFlow requires: {text}")
        case "42P06" | "42P07" | "42710" | "42723":
            return SchemaMismatch(
                f"the schema taskflow of this database holds an object that is not TaskFlow's: {text}."
                " Rename that schema, or use another database"
            )
        case "42P01" | "42703" | "42883" | "3F000":
            return SchemaMismatch(
                f"the schema of the store does not match this version: {text}. Run: taskflow db migrate"
            )
        case _:
            return None
