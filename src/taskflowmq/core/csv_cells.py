"""Cells of a CSV file that no spreadsheet takes for a formula (OWASP "CSV injection")."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal

# TAB, CR and LF count as triggers themselves; the full-width forms are formulas too in East Asian settings.
_UNSEEN = r"\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff"
_TRIGGER = r"=+\-@\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(rf"[\t\r\n]|[{_UNSEEN}]*[{_TRIGGER}]")
# One separator, then nothing that is seen (quotes are taken away in reading), then a trigger. A separator ends the
# invisible part, so that a text of many separators is looked at once, not once for each of them.
_INNER_FORMULA = re.compile(rf"([;|\t\r\n](?:(?![;|\t\r\n])[{_UNSEEN}\"])*)(?=[{_TRIGGER}])")


def cell(value: object) -> object:
    """Turn a value into what the CSV writer may write.

    Args:
        value: anything JSON or a database can hold.

    Returns:
        A finite number as it is, everything else as text that no spreadsheet takes for a formula.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float | Decimal) and math.isfinite(value)):
        return value
    text = _text(value)
    shown = _INNER_FORMULA.sub(r"\1'", text)
    return f"'{shown}" if _FORMULA.match(text) else shown


def _text(value: object) -> str:
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
