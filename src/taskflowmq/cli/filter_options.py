"""The options by which commands choose jobs, as the parameters of ``GET /jobs``."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from taskflowmq.cli.options import F, option, read_time
from taskflowmq.core.filters import split_words
from taskflowmq.core.job import Sort

_OPTIONS = (
    option("--state", env="TASKFLOW_STATE", help="States, separated by commas."),
    option("--queue", env="TASKFLOW_QUEUE", help="Only jobs of this queue."),
    option("--task", env="TASKFLOW_TASK", help="Only jobs of this task."),
    option("--tag", env="TASKFLOW_TAG", help="Only jobs with this tag."),
    option(
        "--created-after",
        env="TASKFLOW_CREATED_AFTER",
        metavar="TIME",
        help="Only jobs created at or after this time.",
    ),
    option(
        "--created-before", env="TASKFLOW_CREATED_BEFORE", metavar="TIME", help="Only jobs created before this time."
    ),
    option(
        "--finished-after",
        env="TASKFLOW_FINISHED_AFTER",
        metavar="TIME",
        help="Only jobs that reached a final state at or after this time.",
    ),
    option(
        "--finished-before",
        env="TASKFLOW_FINISHED_BEFORE",
        metavar="TIME",
        help="Only jobs that reached a final state before this time.",
    ),
    option(
        "--worker",
        env="TASKFLOW_WORKER_ID",
        metavar="ID",
        help="Only jobs that this worker runs, or whose last attempt it ran.",
    ),
    option(
        "--filter",
        env="TASKFLOW_FILTER",
        metavar="TEXT",
        help="Further conditions, as 'task:send_* -tag:vip args.user.id:42 run:>2m'; see docs/filters.md.",
    ),
    option(
        "--sort",
        env="TASKFLOW_SORT",
        type=click.Choice([one.value for one in Sort]),
        default=Sort.NEWEST.value,
        help="Order, by creation.",
    ),
)
_TIMES = ("created_after", "created_before", "finished_after", "finished_before")


def filter_options(command: F) -> F:
    """Take the filters and the order of a list of jobs."""
    for one in reversed(_OPTIONS):
        command = one(command)
    return command


def view_option(command: F) -> F:
    """Take the name of a saved view."""
    return option(
        "--view",
        env="TASKFLOW_VIEW",
        metavar="NAME",
        help="A view by its name or id: its filter, besides the others, and its order; see: taskflow views list.",
    )(command)


async def with_view(app: Any, view: str | None, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``app.jobs.alist`` with those of a view.

    Args:
        app: the open app.
        view: the name or id of a view; None: none.
        wanted: arguments that :func:`read_filters` returned.

    Raises:
        ViewNotFound, Conflict: there is no such view, or more than one.
    """
    if view is None:
        return wanted
    asked = (await app.views.afind(view)).query()
    both = [text for text in (asked["filter"], wanted["filter"]) if text]
    said = click.get_current_context().get_parameter_source("sort") not in (ParameterSource.DEFAULT, None)
    return {**wanted, "filter": " ".join(both) or None, "sort": wanted["sort"] if said else asked["sort"]}


def read_filters(given: dict[str, Any]) -> dict[str, Any]:
    """Return options as the arguments of ``app.jobs.alist``.

    Raises:
        BadParameter: a time is none.
    """
    read = dict(given)
    if read["state"]:
        read["state"] = split_words(read["state"])
    for name in _TIMES:
        if read[name] is not None:
            read[name] = read_time(f"--{name.replace('_', '-')}", read[name])
    return read
