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
_GAP = "  "
_HOUR_S, _MINUTE_S = 3600, 60


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
    for line in table_lines(columns, rows, optional=optional):
        click.echo(line)


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, optional: Sequence[str] = (), width: int | None = None
) -> list[str]:
    """Return a heading and rows as lines, states in their colours.

    Args:
        columns: their names.
        rows: a value for each column.
        optional: columns that are left out if no row has a value.
        width: characters of a line at most; what is beyond is left out.
    """
    kept = [at for at, name in enumerate(columns) if name not in optional or any(row[at] is not None for row in rows)]
    columns, rows = [columns[at] for at in kept], [[row[at] for at in kept] for row in rows]
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(column), *(len(row[index]) for row in cells)) for index, column in enumerate(columns)]
    head = _line([column.upper() for column in columns], widths, {}, width)
    return [head, *(_line(row, widths, _STATE_COLOURS, width) for row in cells)]


def emit_fields(fields: Mapping[str, Any]) -> None:
    """Write names and values, one pair a line; what is empty is left out."""
    shown = {name: value for name, value in fields.items() if value not in (None, "", (), [], {})}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        say(f"{name:<{width}}  {_text(value)}")


def _line(cells: Sequence[str], widths: Sequence[int], colours: Mapping[str, str], most: int | None) -> str:
    shown, at = [], 0
    for cell, width in zip(cells, widths, strict=True):
        text = f"{cell:<{width}}"
        # Cut before it is coloured: a cut colour would not end.
        text = text if most is None else text[: max(most - at, 0)]
        shown.append(click.style(text, fg=colours[cell]) if cell in colours and text else text)
        at += width + len(_GAP)
        if most is not None and at >= most:
            break
    return _GAP.join(shown).rstrip()


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


def rounded(value: float, digits: int) -> str:
    """Return a number with this many significant digits, without an exponent: 1.3e+02 is no figure for a reader."""
    return f"{float(f'{value:.{digits}g}'):.15g}"


def rate(per_second: float | None) -> str | None:
    """Return a rate, in a larger unit of time if it is rare: 1284/s, 3.2/s, 2.5/min, 4/h."""
    if per_second is None:
        return None
    if per_second >= 0.1 or per_second == 0:
        return f"{rounded(per_second, 2) if per_second < 10 else round(per_second)}/s"
    by_minute = per_second * _MINUTE_S
    return f"{rounded(by_minute, 2)}/min" if by_minute >= 0.1 else f"{rounded(per_second * _HOUR_S, 2)}/h"


def duration(seconds: float | None) -> str | None:
    """Return a duration with two digits, as far as a reader needs it: 840 ms, 3.2 s, 4 m 08 s, 2 h 05 m, 3 d 04 h."""
    if seconds is None:
        return None
    if seconds < 1:
        return f"{rounded(seconds * 1000, 2)} ms"
    if seconds < _MINUTE_S:
        return f"{rounded(seconds, 2)} s"
    minutes = int(seconds) // _MINUTE_S
    if minutes < _MINUTE_S:
        return f"{minutes} m {int(seconds) % _MINUTE_S:02} s"
    hours = minutes // _MINUTE_S
    return f"{hours} h {minutes % _MINUTE_S:02} m" if hours < 24 else f"{hours // 24} d {hours % 24:02} h"
