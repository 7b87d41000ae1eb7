"""``taskflow version``: what is installed."""

from __future__ import annotations

import platform
import sqlite3
from importlib import metadata

import click

from taskflowmq.cli.options import json_option
from taskflowmq.cli.output import emit_fields, emit_json


@click.command("version")
@json_option
def command(as_json: bool) -> None:
    """Show versions."""
    versions = {
        "taskflowmq": metadata.version("taskflowmq"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "platform": platform.platform(),
    }
    if as_json:
        emit_json(versions)
    else:
        emit_fields(versions)
