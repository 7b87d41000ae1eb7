"""Random input of all kinds, from one seeded generator."""

from __future__ import annotations

import json
import random
import string
from typing import Any

NASTY_TEXTS = (
    "", " ", "\x00", "\ud800", "\udfff", "\u202e", "\ufeff", "\x1b[2J", "'", '"', "`", "`$", " - at `$.x`", "../..",
    "%s%s%n", "{}", "[]", "null", "NaN", "-0", "1e999", "a" * 129, "a" * 600, "ä" * 300, "\U0001f600" * 70, "%00",
    "=", "mail:" + "0" * 64, "=mail:" + "0" * 64, "key:00000000", "a/b~c", "~0~1", "\n", "\r\n", "\t", "$taskflow",
    "'; DROP TABLE job; --", "${jndi:ldap://x}", "<script>", "__class__", "CON", "\\", "\\u0000",
    "2026-01-31T12:00:00Z", "0001-01-01T00:00:00+14:00",
)  # fmt: skip
NASTY_NUMBERS = (
    0, -0.0, 1, -1, 0.1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30, 10**400, 1e308, -1e308, 5e-324,
    101, -101, 32_768, 315_360_000, 315_360_001,
)  # fmt: skip
_FITTING = {"greet": {"name": "Ada"}, "typed": {"n": 5, "tags": ["a"]}, "anything": {"value": [1, None, "x"]}}
_INSERTS = (b"[" * 100, b"{" * 100, b'{"a":' * 90, b"NaN", b"\\ud800", b"1e999", b"9" * 400, b"\x00")
NAMES = ("greet", "anything", "hopeless", "typed", "nobody", "a" * 128)


def expect(held: bool, message: str) -> None:
    """Raise AssertionError unless it holds."""
    if not held:
        raise AssertionError(message)


def text(rng: random.Random, longest: int = 40) -> str:
    """Return a text: nasty, a word, or any characters."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice(NASTY_TEXTS)
    if kind == 1:
        return "".join(rng.choices(string.ascii_letters + string.digits + "_.:/-", k=rng.randrange(1, longest)))
    if kind == 2:
        return rng.choice(NASTY_TEXTS) + text(rng, 8)
    planes = (0x80, 0x3000, 0x110000)
    return "".join(chr(rng.randrange(rng.choice(planes))) for _ in range(rng.randrange(longest)))


def value(rng: random.Random, depth: int = 4) -> Any:
    """Return a JSON value, or nearly one."""
    kind = rng.randrange(9 if depth else 6)
    if kind < 2:
        return text(rng)
    if kind == 2:
        return rng.choice(NASTY_NUMBERS)
    if kind == 3:
        return rng.choice((None, True, False))
    if kind == 4:
        return rng.randrange(-1000, 1000)
    if kind == 5:
        return rng.choice((float("nan"), float("inf"), rng.random()))
    if kind == 6:
        return [value(rng, depth - 1) for _ in range(rng.randrange(5))]
    return {text(rng, 10): value(rng, depth - 1) for _ in range(rng.randrange(5))}


def job(rng: random.Random) -> dict[str, Any]:
    """Return a job as a request would send it: mostly right, some of it wrong."""
    fields: dict[str, Any] = {"task": rng.choice(NAMES)}
    if fields["task"] in _FITTING and rng.random() < 0.9:
        fields["args"] = _FITTING[fields["task"]]
    likely = {
        "args": lambda: rng.choice((_FITTING.get(fields["task"], {}), {"value": value(rng)}, value(rng))),
        "queue": lambda: rng.choice(("default", "a/b", text(rng))),
        "priority": lambda: rng.choice((0, 100, -100, 101, value(rng, 0))),
        "delay": lambda: rng.choice((0, 60, 0.001, -1, value(rng, 0))),
        "run_at": lambda: rng.choice(("2031-01-01T00:00:00Z", text(rng))),
        "max_attempts": lambda: rng.choice((1, 32_767, 0, value(rng, 0))),
        "timeout": lambda: rng.choice((1, 0.001, 2_592_000, value(rng, 0))),
        "expires_in": lambda: rng.choice((1, 600, value(rng, 0))),
        "unique_key": lambda: rng.choice(("k", text(rng))),
        "tags": lambda: [text(rng) for _ in range(rng.randrange(4))] if rng.random() < 0.8 else value(rng),
        "meta": lambda: rng.choice(({}, {"a": value(rng)}, value(rng))),
    }
    for name, make in likely.items():
        if rng.random() < 0.12:
            fields[name] = make()
    if rng.random() < 0.05:
        fields[text(rng, 12)] = value(rng)
    return fields


def as_json(rng: random.Random, body: Any) -> bytes:
    """Return a body as JSON, sometimes spoilt."""
    raw = json.dumps(body, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    return spoilt(rng, raw) if rng.random() < 0.2 else raw


def spoilt(rng: random.Random, raw: bytes) -> bytes:
    """Return bytes with a few mistakes: cut, doubled, flipped, or with something put in."""
    parts = bytearray(raw)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(parts) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            del parts[at : at + rng.randrange(1, 8)]
        elif kind == 1:
            parts[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 5)))
        elif kind == 2 and at < len(parts):
            parts[at] ^= 1 << rng.randrange(8)
        elif kind == 3:
            parts[at:at] = parts[max(0, at - rng.randrange(1, 20)) : at]
        elif kind == 4:
            parts[at:at] = rng.choice(_INSERTS)
        else:
            parts[at:] = b""
    return bytes(parts)
