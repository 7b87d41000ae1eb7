"""The installation and this server in JSON: store, duties, nodes, settings, checks."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from taskflowmq.core.redact import redact_text
from taskflowmq.core.system import IN_TURNS, Finding, Node, Setting, Verdict
from taskflowmq.ports.store import DutyView, StoreSizes, TableSize
from taskflowmq.wire.kinds import Time


class TableOut(msgspec.Struct, kw_only=True):
    """A table of the store."""

    name: str
    bytes: Annotated[int, Meta(description="With its indexes and partitions")]
    rows: Annotated[int, Meta(description="As the statistics of the engine estimate them")]
    dead_rows: Annotated[int, Meta(description="Rows that wait for the clean-up of the engine, estimated likewise")]


class StoreOut(msgspec.Struct, kw_only=True):
    """The store."""

    url: Annotated[str, Meta(description="Address, without a password")]
    engine: str
    engine_version: str
    schema_version: int
    pending: Annotated[list[str], Meta(description="Migrations that this version of the server would apply")]
    bytes: Annotated[int, Meta(description="Of the whole database; on SQLite of the file")]
    free_bytes: Annotated[int | None, Meta(description="Of them, those that new rows use first; null: not known")]
    log_bytes: Annotated[int | None, Meta(description="Of the write-ahead log beside a SQLite file; null elsewhere")]
    xid_age: Annotated[
        int | None, Meta(description="Transaction ids since the oldest that is not frozen; null: they cannot run out")
    ]
    tables: Annotated[list[TableOut], Meta(description="The largest first; none on SQLite")]


class DutyProcessOut(msgspec.Struct, kw_only=True):
    """The process that ran a duty."""

    host: str
    pid: int
    program: Annotated[str, Meta(description="Name of the program, without arguments")]


class DutyOut(msgspec.Struct, kw_only=True):
    """A periodic duty."""

    name: str
    runs_on: Annotated[
        Literal["one", "each"],
        Meta(description="`one`: nodes with duties take turns, whichever is first; `each`: all of them at once"),
    ]
    ran_at: Annotated[Time | None, Meta(description="Start of the last turn; null: none yet, or it takes no turns")]
    ran_by: Annotated[DutyProcessOut | None, Meta(description="Process that had that turn; null: not known")]
    failed_at: Annotated[Time | None, Meta(description="Time of the failure, if the last run failed")]
    problem: Annotated[str | None, Meta(description="That failure")]


class NodeOut(msgspec.Struct, kw_only=True):
    """A machine with living workers."""

    host: str
    workers: int
    slots: int
    running: int
    versions: Annotated[list[str], Meta(description="Versions of TaskFlow that its workers have")]


class SettingOut(msgspec.Struct, kw_only=True):
    """A setting of this server."""

    name: Annotated[str, Meta(description="Its variable")]
    value: Annotated[str, Meta(description="The value that holds; of a secret only that there is one")]
    source: Annotated[
        Literal["default", "environment", "file", "argument"],
        Meta(
            description="`argument`: a flag of the command, or the program; `file`: a file that the environment names"
        ),
    ]
    secret: Annotated[bool, Meta(description="Whether the value itself is not told")]


class CheckOut(msgspec.Struct, kw_only=True):
    """A check of `taskflow doctor`."""

    name: str
    verdict: Verdict
    detail: str
    fix: Annotated[str | None, Meta(description="What to do; null: nothing")]


class FeedOut(msgspec.Struct, kw_only=True):
    """The live feed of this server process."""

    streams: Annotated[int, Meta(description="Streams that are open")]
    most_streams: int
    current: Annotated[bool, Meta(description="Whether the store has answered the last polls; true without a stream")]


class ServerOut(msgspec.Struct, kw_only=True):
    """This server process."""

    version: str
    python: str
    host: str
    pid: int
    started_at: Time


class InstallationOut(msgspec.Struct, kw_only=True):
    """The installation, without what belongs to one server process."""

    store: StoreOut
    duties: list[DutyOut]
    nodes: list[NodeOut]
    checks: list[CheckOut]


class SystemOut(msgspec.Struct, kw_only=True):
    """The installation, and the server that answers."""

    as_of: Time
    server: ServerOut
    store: StoreOut
    duties: list[DutyOut]
    nodes: list[NodeOut]
    settings: Annotated[list[SettingOut], Meta(description="Of this server process, by name")]
    checks: Annotated[
        list[CheckOut], Meta(description="As `taskflow doctor` makes them, without those that read all jobs")
    ]
    feed: FeedOut


def store_out(url: str, sizes: StoreSizes, schema: int, pending: list[str]) -> StoreOut:
    """Return the answer of a store."""
    return StoreOut(
        url=url,
        engine=sizes.engine,
        engine_version=sizes.version,
        schema_version=schema,
        pending=pending,
        bytes=sizes.bytes,
        free_bytes=sizes.free_bytes,
        log_bytes=sizes.log_bytes,
        xid_age=sizes.xid_age,
        tables=[_table_out(one) for one in sizes.tables],
    )


def _table_out(table: TableSize) -> TableOut:
    return TableOut(name=table.name, bytes=table.bytes, rows=table.rows, dead_rows=table.dead_rows)


def duty_out(view: DutyView) -> DutyOut:
    """Return the answer of a duty."""
    by = view.ran_by
    return DutyOut(
        name=view.duty,
        runs_on="one" if view.duty in IN_TURNS else "each",
        ran_at=view.ran_at,
        ran_by=None if by is None else DutyProcessOut(host=by.host, pid=by.pid, program=by.program),
        failed_at=view.failed_at,
        problem=view.problem,
    )


def node_out(node: Node) -> NodeOut:
    """Return the answer of a machine."""
    return NodeOut(
        host=node.host, workers=node.workers, slots=node.slots, running=node.running, versions=list(node.versions)
    )


def setting_out(setting: Setting) -> SettingOut:
    """Return the answer of a setting."""
    return SettingOut(name=setting.name, value=setting.value, source=setting.source, secret=setting.secret)


def check_out(finding: Finding) -> CheckOut:
    """Return the answer of a check."""
    return CheckOut(name=finding.name, verdict=finding.verdict, detail=redact_text(finding.detail), fix=finding.fix)
