"""``taskflow doctor``: checks the store and what runs on it, and says how to fix what is wrong."""

from __future__ import annotations

import os
from typing import Any

import click

from taskflowmq.cli.exits import Exit
from taskflowmq.cli.options import app_argument, database_option, json_option
from taskflowmq.cli.output import emit_json, say
from taskflowmq.core.printable import counted, escape_lines
from taskflowmq.core.redact import redact_text

_COLOURS = {"OK": "green", "WARN": "yellow", "FAIL": "red"}


@click.command("doctor")
@app_argument
@database_option
@json_option
def command(app: str | None, database_url: str | None, as_json: bool) -> int:
    """Check the store, and APP if given; exits 1 if a check fails."""
    findings = list(_look(app, database_url, as_json=as_json))
    failed = any(finding.verdict == "FAIL" for finding in findings)
    if as_json:
        emit_json({"ok": not failed, "checks": findings})
    return Exit.FAILED if failed else Exit.OK


def _look(app: str | None, database_url: str | None, *, as_json: bool) -> Any:
    import asyncio

    from taskflowmq.bootstrap.unmigrated import open_unmigrated
    from taskflowmq.client.app import resolve_url
    from taskflowmq.client.checks import check_store
    from taskflowmq.core.errors import StoreForbidden, TaskFlowError
    from taskflowmq.core.system import Finding, Verdict

    findings: list[Finding] = []

    def found(finding: Finding) -> None:
        findings.append(finding)
        if not as_json:
            _show(finding)

    async def look(url: str) -> None:
        async with open_unmigrated(url) as store:
            found(Finding("store", Verdict.OK, store.url))
            async for finding in check_store(store):
                found(finding)

    _look_at_settings(found)
    _look_at_keys(found)
    try:
        url = resolve_url(database_url)
        if app is not None:
            url = _look_at_app(app, database_url, found)
        asyncio.run(look(url))
    except TaskFlowError as error:
        advice = (
            "grant this role the rights listed in docs/postgresql.md" if isinstance(error, StoreForbidden) else None
        )
        found(
            Finding("store", Verdict.FAIL, str(error), advice or "check the database URL, and that the database runs")
        )
    return findings


def _look_at_settings(found: Any) -> None:
    from taskflowmq.bootstrap.settings import check_task_settings, load_settings
    from taskflowmq.client.environment import unknown_names
    from taskflowmq.core.errors import TaskFlowError
    from taskflowmq.core.system import Finding, Verdict

    try:
        load_settings()
        check_task_settings()
    except TaskFlowError as error:
        found(Finding("settings", Verdict.FAIL, str(error), "correct the variable, or unset it"))
        return
    unknown = unknown_names(os.environ)
    for sentence in unknown:
        found(Finding("settings", Verdict.WARN, sentence, "correct the name, or unset the variable"))
    if not unknown:
        found(Finding("settings", Verdict.OK, "every variable is valid"))


def _look_at_keys(found: Any) -> None:
    from taskflowmq.core.permissions import Role
    from taskflowmq.core.system import Finding, Verdict
    from taskflowmq.server.settings import ServerSettings, UnsafeServer, keys_from

    try:
        settings = ServerSettings(api_keys=keys_from(os.environ))
        settings.check_keys()
    except UnsafeServer as error:
        found(Finding("keys", Verdict.FAIL, str(error), "correct the variable, or unset it"))
        return
    roles = [key.role for key in settings.parsed_keys()]
    if roles:
        shown = ", ".join(f"{roles.count(role)} of role {role}" for role in Role if role in roles)
        found(Finding("keys", Verdict.OK, f"{counted(len(roles), 'API key')}: {shown}"))


def _look_at_app(app: str, database_url: str | None, found: Any) -> str:
    from taskflowmq.cli.program import load
    from taskflowmq.client.app import resolve_url
    from taskflowmq.core.errors import TaskFlowError
    from taskflowmq.core.system import Finding, Verdict

    try:
        loaded = load(app, database_url)
    except (TaskFlowError, ImportError) as error:
        found(
            Finding(
                "app",
                Verdict.FAIL,
                str(error),
                "write it as module:attribute, and run the command in the folder of the module",
            )
        )
        return resolve_url(database_url)
    found(Finding("app", Verdict.OK, counted(len(loaded.tasks), "task")))
    return loaded.url


def _show(finding: Any) -> None:
    verdict = click.style(f"{finding.verdict:<4}", fg=_COLOURS[finding.verdict])
    # Names come from the database, and texts of errors from any source.
    click.echo(f"{verdict}  {finding.name:<8}  {escape_lines(redact_text(finding.detail))}")
    if finding.fix:
        say(f"                → {finding.fix}")
