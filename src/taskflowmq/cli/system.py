"""``taskflow system``: the installation at a glance, as the system page of the dashboard shows it."""

from __future__ import annotations

from typing import Any

import click

from taskflowmq.cli.options import database_option, json_option
from taskflowmq.cli.output import emit_fields, emit_json, emit_table, say
from taskflowmq.cli.program import with_store
from taskflowmq.client.session import Session
from taskflowmq.client.system import Installation, look
from taskflowmq.wire.system import DutyOut, InstallationOut, check_out, duty_out, node_out, store_out


@click.command("system")
@database_option
@json_option
def command(database_url: str | None, as_json: bool) -> None:
    """Show the store with its sizes, the periodic duties and which process ran each last, and the machines with
    workers; then the checks of taskflow doctor, without those that read all jobs.

    Settings and live feed belong to one server process: the system page of the dashboard shows them.
    """

    async def work(app: Any) -> InstallationOut:
        async def read(session: Session) -> tuple[str, Installation]:
            return session.store.url, await session.within(look(session.store))

        return _out(*await app.hub.call(read))

    found = with_store(database_url, work)
    if as_json:
        emit_json(found)
        return
    store = found.store
    emit_fields(
        {
            "store": store.url,
            "engine": f"{store.engine} {store.engine_version}",
            "schema": f"version {store.schema_version}"
            + (f", {len(store.pending)} migrations pending" if store.pending else ""),
            "size": _size(store.bytes),
            "free": None if store.free_bytes is None else _size(store.free_bytes),
            "log": None if store.log_bytes is None else _size(store.log_bytes),
            "xid_age": store.xid_age,
        }
    )
    _tables(found)


def _tables(found: InstallationOut) -> None:
    click.echo()
    rows: list[tuple[Any, ...]] = [
        (one.name, "one node, in turn" if one.runs_on == "one" else "each node", one.ran_at, _process(one), one.problem)
        for one in found.duties
    ]
    emit_table(("duty", "runs on", "last turn", "ran by", "failure"), rows, empty="No duties.", optional=("failure",))
    click.echo()
    rows = [(one.host, one.workers, f"{one.running} of {one.slots}", ", ".join(one.versions)) for one in found.nodes]
    emit_table(("node", "workers", "busy slots", "versions"), rows, empty="No worker is alive.")
    if found.store.tables:
        click.echo()
        rows = [(one.name, _size(one.bytes), one.rows, one.dead_rows) for one in found.store.tables]
        emit_table(("table", "size", "rows", "dead rows"), rows, empty="No tables.")
    click.echo()
    rows = [(one.verdict.value, one.name, one.detail) for one in found.checks]
    emit_table(("verdict", "check", "detail"), rows, empty="No checks.")
    for one in found.checks:
        if one.fix is not None:
            say(f"{one.name}: {one.fix}")


def _process(duty: DutyOut) -> str | None:
    by = duty.ran_by
    return None if by is None else f"{by.program}, process {by.pid} on {by.host}"


def _out(url: str, found: Installation) -> InstallationOut:
    """Return an installation at a moment.

    Args:
        url: of its store, without a password.
        found: what there is to know of it.
    """
    return InstallationOut(
        store=store_out(url, found.sizes, found.schema, found.pending),
        duties=[duty_out(one) for one in found.duties],
        nodes=[node_out(one) for one in found.nodes],
        checks=[check_out(one) for one in found.checks],
    )


def _size(count: int) -> str:
    """Return a number of bytes as 840 B, 12.3 kB, 4.5 MB."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
