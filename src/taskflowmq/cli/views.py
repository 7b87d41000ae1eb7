"""``taskflow views …``: saved views of the list of jobs."""

from __future__ import annotations

from typing import Any

import click

from taskflowmq.cli.options import database_option, json_option, tenant_option, view_reason_option
from taskflowmq.cli.output import emit_json, emit_table, say
from taskflowmq.cli.program import with_store
from taskflowmq.core.filters import split_words
from taskflowmq.core.job import Sort
from taskflowmq.core.views import BUILT_IN, COLUMNS, RANGES, SavedView


@click.group("views")
def command() -> None:
    """List, save, rename and delete views: a filter of jobs with its order and range, by name.

    The jobs of one: taskflow jobs list --view NAME
    """


@command.command("list")
@tenant_option
@database_option
@json_option
def list_command(tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """List built-in views, and those that are kept, of all owners."""
    from taskflowmq.wire.view import views_out

    kept = with_store(database_url, lambda app: app.views.alist(), tenant)
    if as_json:
        emit_json(views_out(kept))
        return
    rows = [
        (
            one.name,
            one.filter or "all jobs",
            one.range,
            one.sort.value,
            "shared" if one.shared else "own",
            one.owner if isinstance(one, SavedView) else None,
            one.id if isinstance(one, SavedView) else one.key,
        )
        for one in (*BUILT_IN, *kept)
    ]
    emit_table(("name", "filter", "range", "order", "for", "owner", "id"), rows, empty="No views.", optional=("range",))


@command.command("add")
@click.argument("name")
@click.option("--filter", "text", default="", metavar="TEXT", help="Which jobs, as of jobs list; default: all.")
@click.option("--sort", type=click.Choice([one.value for one in Sort]), default=Sort.NEWEST.value, help="Order.")
@click.option("--range", "span", metavar="RANGE", help=f"{', '.join(RANGES)}, or <from>..<to>.")
@click.option("--columns", metavar="NAMES", help=f"For the dashboard, separated by commas: {', '.join(COLUMNS)}.")
@click.option("--shared", is_flag=True, help="For every reader, not only for you.")
@view_reason_option
@tenant_option
@database_option
@json_option
def add(name: str, tenant: str | None, database_url: str | None, as_json: bool, **given: Any) -> None:
    """Save a view."""
    columns = None if given["columns"] is None else split_words(given["columns"])
    content = {"filter": given["text"], "sort": given["sort"], "range": given["span"], "columns": columns}
    more = {"shared": given["shared"], "reason": given["reason"]}
    view = with_store(database_url, lambda app: app.views.aadd(name, **content, **more), tenant)
    _tell(view, "saved", as_json=as_json)


@command.command("rename")
@click.argument("view")
@click.argument("name")
@click.option("--shared/--own", default=None, help="For every reader, or for its owner alone; default: as before.")
@view_reason_option
@tenant_option
@database_option
@json_option
def rename(
    view: str, name: str, shared: bool | None, tenant: str | None, database_url: str | None, **given: Any
) -> None:
    """Give a view another name; VIEW is its name or id."""
    more = {"shared": shared, "reason": given["reason"]}
    changed = with_store(database_url, lambda app: app.views.arename(view, name, **more), tenant)
    _tell(changed, "renamed", as_json=given["as_json"])


@command.command("delete")
@click.argument("view")
@view_reason_option
@tenant_option
@database_option
def delete(view: str, reason: str | None, tenant: str | None, database_url: str | None) -> None:
    """Delete a view, by its name or id."""
    with_store(database_url, lambda app: app.views.adelete(view, reason=reason), tenant)
    say(f"view {view} deleted")


def _tell(view: SavedView, what: str, *, as_json: bool) -> None:
    from taskflowmq.wire.view import view_out

    if as_json:
        emit_json(view_out(view))
    else:
        say(f"view {view.name} {what}. Its jobs: taskflow jobs list --view '{view.name}'")
