"""Make text safe to show: no character of it may end a line, move a cursor or reorder the text around it."""

from __future__ import annotations

#: C0, DEL, C1, line and paragraph separators, and the marks that reorder text on a terminal.
_UNSAFE = {
    code: f"\\u{code:04x}"
    for code in (
        *range(0x20),
        *range(0x7F, 0xA0),
        0x061C,
        0x200E,
        0x200F,
        *range(0x2028, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    )
}
_UNSAFE_IN_LINES = {code: shown for code, shown in _UNSAFE.items() if code not in (0x09, 0x0A)}


def escape(text: str) -> str:
    """Escape every character that could end a line, move a cursor or reorder text, as ``\\uXXXX``."""
    # Every character of the table is unprintable, so a printable line, as nearly all are, needs no table.
    return text if text.isprintable() else _encodable(text.translate(_UNSAFE))


def escape_lines(text: str) -> str:
    """Escape as :func:`escape` does, and keep line feeds and tabs: for tracebacks and texts of several lines."""
    return text if text.isprintable() else _encodable(text.translate(_UNSAFE_IN_LINES))


def _encodable(text: str) -> str:
    """Escape lone surrogates, which no output can encode."""
    return text.encode("utf-8", "backslashreplace").decode()


def counted(count: int, noun: str) -> str:
    """Return how many of something there are: ``1 job``, ``2 jobs``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
