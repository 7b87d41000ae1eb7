"""Options that several commands share; each is a flag and an environment variable."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast

import click
import msgspec

from taskflowmq.client.environment import secret
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.reasons import VARIABLE
from taskflowmq.core.retention import read_age
from taskflowmq.core.validation import check_time

F = TypeVar("F", bound=Callable[..., Any])


def option(*flags: str, env: str | None = None, **settings: Any) -> Callable[[F], F]:
    """Declare an option that shows its default and its environment variable."""
    settings.setdefault("show_default", settings.get("default") is not None)
    return click.option(*flags, envvar=env, show_envvar=env is not None, **settings)


def app_argument(command: F) -> F:
    """Take APP: ``module:attribute``, by default the built-in tasks."""
    return click.argument("app", required=False, envvar="TASKFLOW_APP", metavar="[APP]")(command)


def app_option(command: F) -> F:
    """Take APP as an option, where another argument comes first."""
    return option("--app", env="TASKFLOW_APP", metavar="APP", help="module:attribute; default: the built-in tasks.")(
        command
    )


def _refuse_two(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse an address from the environment beside one in a file: one of them would be ignored."""
    if ctx.get_parameter_source(str(param.name)) is click.core.ParameterSource.ENVIRONMENT:
        secret(os.environ, "TASKFLOW_DATABASE_URL")
    return value


def database_option(command: F) -> F:
    """Take the address of the store."""
    return option(
        "--database-url",
        env="TASKFLOW_DATABASE_URL",
        metavar="URL",
        callback=_refuse_two,
        help="URL of the store: sqlite:///file.db or postgresql://…; default: DATABASE_URL, else a local file.",
    )(command)


def tenant_option(command: F) -> F:
    """Take the tenant of the app that a command makes."""
    return option(
        "--tenant",
        env="TASKFLOW_TENANT",
        metavar="NAME",
        help="Tenant whose queues, tasks and jobs are meant; default: that of the app, else default.",
    )(command)


def reason_option(command: F) -> F:
    """Take --reason, of an operator's act, which an installation may require."""
    return view_reason_option(asks_reason(command))


def view_reason_option(command: F) -> F:
    """Take --reason of an act on a saved view, which needs none."""
    return click.option("--reason", metavar="TEXT", help="Why, on one line: kept in the audit.")(command)


def reason_required() -> bool:
    """Tell whether acts must say why.

    Raises:
        BadParameter: the variable is neither true nor false.
    """
    return bool(click.BOOL.convert(os.environ.get(VARIABLE) or "false", None, None))


def asks_reason(command: F) -> F:
    """Ask for --reason where it is required and missing; without a terminal, refuse. A dry run needs none."""

    @wraps(command)
    def asking(*arguments: Any, **given: Any) -> Any:
        if given["reason"] is None and not given.get("dry_run") and reason_required():
            if not sys.stdin.isatty():
                raise click.UsageError(f"--reason is required ({VARIABLE}): say on one line why this is done")
            given["reason"] = click.prompt("Why is this done? (kept in the audit)", err=True)
        return command(*arguments, **given)

    return cast(F, asking)


def json_option(command: F) -> F:
    """Take --json."""
    return option("--json", "as_json", env="TASKFLOW_JSON", is_flag=True, help="Write JSON to standard output.")(
        command
    )


def log_options(command: F) -> F:
    """Take the format and the level of logs."""
    command = option(
        "--log-level",
        env="TASKFLOW_LOG_LEVEL",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        help="Lowest level logged.",
    )(command)
    return option(
        "--log-format",
        env="TASKFLOW_LOG_FORMAT",
        type=click.Choice(["auto", "json", "text"]),
        default="auto",
        help="auto: text on a terminal, JSON lines elsewhere.",
    )(command)


def read_time(flag: str, text: str) -> datetime:
    """Return the time that an option was given as RFC 3339 text.

    Raises:
        BadParameter: it is none, or has no time zone.
    """
    try:
        return check_time(flag, msgspec.convert(text, datetime))
    except (msgspec.ValidationError, InvalidJob) as error:
        raise click.BadParameter(
            f"{text!r:.60} is not a time with a zone: write 2026-01-31T12:00:00Z", param_hint=flag
        ) from error


def read_span(flag: str, text: str) -> float:
    """Return the seconds of a duration that an option was given as text.

    Raises:
        BadParameter: it is none.
    """
    try:
        seconds = read_age(text)
    except ValueError:
        seconds = None
    if seconds is None:
        raise click.BadParameter(f"{text!r:.60} is not a duration: write 90s, 10m, 2h or 1d", param_hint=flag)
    return seconds
