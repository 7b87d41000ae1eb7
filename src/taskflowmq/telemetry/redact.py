"""Keep secrets and control characters out of what is logged.

Two rules that every line goes through: a value whose key looks like a secret is replaced (S24), and a character
that a terminal or a log reader could take for something else is escaped, so one record stays one line (S25).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

HIDDEN = "[redacted]"

_WORDS = (
    r"(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|authorization|cookie|credential"
    r"|private[_-]?key)"
)
_SECRET_KEY = re.compile(_WORDS, re.IGNORECASE)
#: ``password=…``, ``"token": "…"``, ``Authorization: Bearer …`` inside a sentence.
_SECRET_PAIR = re.compile(
    rf"([\w-]*{_WORDS}[\w-]*[\"']?\s*[=:]\s*)((?:bearer|basic)\s+[^\s,;]+|\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+@", re.IGNORECASE)

#: C0, DEL, C1, line and paragraph separators, and the marks that reorder text on a terminal.
_UNSAFE = {
    code: f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


@lru_cache(maxsize=1024)
def is_secret_key(key: str) -> bool:
    """Tell whether a field of this name may hold a secret."""
    return _SECRET_KEY.search(key) is not None


def redact_text(text: str) -> str:
    """Replace what looks like a secret inside a sentence: pairs, bearer tokens, passwords in addresses.

    Every log line comes through here, and most hold nothing that an expression could match: what each of them needs
    is looked for first, which is ten times quicker.
    """
    if "://" in text:
        text = _URL_PASSWORD.sub(rf"\1{HIDDEN}@", text)
    if "=" in text or ":" in text:
        text = _SECRET_PAIR.sub(rf"\1{HIDDEN}", text)
    lower = text.lower()
    if "bearer" in lower or "basic" in lower:
        text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    return text


def redact(key: str, value: Any) -> Any:
    """Return a loggable form of an extra field: plain values, redacted; of other objects only the type's name.

    A repr could hold the arguments of a job, so it is never taken.
    """
    if is_secret_key(key):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {str(name): redact(str(name), item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact("", item) for item in value]
    text = _plain_text(value)
    return redact_text(text) if text is not None else f"<{type(value).__name__}>"


def _plain_text(value: Any) -> str | None:
    """Return the text of a value that is known to hold nothing but an id, a time or a word."""
    if type(value).__module__ in {"uuid", "datetime", "pathlib", "decimal", "enum"}:
        return str(value)
    return None


def escape(text: str) -> str:
    """Escape every character that could end a line, move a cursor or reorder text."""
    # Everything in the table is unprintable, so a printable line (nearly all are) needs no table.
    return text if text.isprintable() else text.translate(_UNSAFE)
