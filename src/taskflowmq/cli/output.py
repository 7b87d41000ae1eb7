"""How commands show data: tables for people, JSON for programs, both on standard output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from taskflowmq.core.printable import escape, escape_lines

_ENCODER = msgspec.json.Encoder()
_STATE_COLOURS = {
    "completed": "green",
    "running": "cyan",
    "retrying": "yellow",
    "dead": "red",
    "cancelled": "bright_black",
}
MAX_CELL = 60


def emit_json(value: Any) -> None:
    """Write one JSON document on one line, in which no text of a job can control a terminal."""
    # What the escape changes can only stand inside a string, where \\uXXXX is JSON too.
    click.echo(escape(_ENCODER.encode(value).decode()))


def say(text: str, *, err: bool = False) -> None:
    """Write text that may hold what users and jobs have named: its lines stay, its control characters are shown."""
    click.echo(escape_lines(text), err=err)


def emit_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str, optional: Sequence[str] = ()
) -> None:
    """Write rows under a heading, or a sentence when there are none.

    Args:
        columns: their names.
        rows: a value for each column.
        empty: the sentence if there is no row.
        optional: columns that are left out if no row has a value.
    """
    if not rows:
        say(empty)
        return
    kept = [at for at, name in enumerate(columns) if name not in optional or any(row[at] is not None for row in rows)]
    columns, rows = [columns[at] for at in kept], [[row[at] for at in kept] for row in rows]
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(column), *(len(row[index]) for row in cells)) for index, column in enumerate(columns)]
    click.echo(_line(columns, widths, {}).upper())
    for row in cells:
        click.echo(_line(row, widths, _STATE_COLOURS))


def emit_fields(fields: Mapping[str, Any]) -> None:
    """Write names and values, one pair a line; what is empty is left out."""
    shown = {name: value for name, value in fields.items() if value not in (None, "", (), [], {})}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        say(f"{name:<{width}}  {_text(value)}")


def _line(cells: Sequence[str], widths: Sequence[int], colours: Mapping[str, str]) -> str:
    padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)]
    shown = [
        click.style(text, fg=colours[cell]) if cell in colours else text
        for cell, text in zip(cells, padded, strict=True)
    ]
    return "  ".join(shown).rstrip()


def _cell(value: Any) -> str:
    text = escape(_text(value)[: MAX_CELL + 1].replace("\n", " "))
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict | list | tuple):
        return _ENCODER.encode(value).decode()
    return str(value)
