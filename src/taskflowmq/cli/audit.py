"""``taskflow audit``: what operators did."""

from __future__ import annotations

from typing import Any

import click

from taskflowmq.cli.options import database_option, json_option, option, read_time, tenant_option
from taskflowmq.cli.output import emit_json, emit_table, say
from taskflowmq.cli.program import with_store
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.wire.audit import audit_out


@click.command("audit")
@click.option("--actor", metavar="NAME", help="Only acts of this operator.")
@click.option("--action", metavar="ACTION", help="Only acts of this kind, as job.retry.")
@click.option("--object", metavar="OBJECT", help="Only acts on this object, as queue:mail or job:ID.")
@click.option("--after", metavar="TIME", help="Only acts at or after this time.")
@click.option("--before", metavar="TIME", help="Only acts before this time.")
@option("--limit", env="TASKFLOW_LIMIT", type=click.IntRange(1, MAX_PAGE), default=50, help="Maximum number of acts.")
@click.option("--below", metavar="NUMBER", type=click.IntRange(1), help="Continue: the `next` of the previous page.")
@tenant_option
@database_option
@json_option
def command(as_json: bool, database_url: str | None, tenant: str | None, **given: Any) -> None:
    """List what operators did, newest first: who, what, to what, and why. With --json, also before and after."""
    for name in ("after", "before"):
        if given[name] is not None:
            given[name] = read_time(f"--{name}", given[name])
    page = with_store(database_url, lambda app: app.audit.alist(**given), tenant)
    if as_json:
        emit_json(audit_out(page))
        return
    rows = [
        (one.at, one.act.by.actor, one.act.by.via, one.act.action, one.act.object, one.act.count, one.act.by.reason)
        for one in page.items
    ]
    columns = ("at", "actor", "via", "action", "object", "count", "reason")
    emit_table(columns, rows, empty="No acts.", optional=("count", "reason"))
    if page.next is not None:
        say(f"More: --below {page.next}", err=True)
