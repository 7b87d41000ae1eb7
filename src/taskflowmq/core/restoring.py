"""Masks that come back with edited arguments: which value each one stands for, and where it stands for none.

A mask stands for its value only while the fields that say where the value goes are as they were. Otherwise a
caller who may copy a job could send a hidden value to an address of their own, and read it there.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.hidden_values import MASK
from taskflowmq.core.redaction import Hider

#: The mask in JSON that this library has written.
MASK_UTF8 = MASK.encode()
#: Names of fields that say where something goes: whole names and last words of names, in lower case.
DESTINATIONS = frozenset({
    "url", "uri", "link", "href", "host", "hostname", "domain", "endpoint", "address", "addr", "ip", "webhook",
    "callback", "to", "cc", "bcc", "recipient", "email", "mail", "mailto", "server", "proxy", "target", "destination",
    "dest", "port", "dsn",
})  # fmt: skip
#: These are found without a mark before them too, as in ``callbackurl`` and ``dbhost``.
_ENDS = ("url", "uri", "host", "hostname", "endpoint", "webhook", "address")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W_A-Z]+")
_NOT_KEPT = f"is {MASK!r}, which stands for a value that is not shown: give the value itself"


def is_destination(name: str) -> bool:
    """Tell whether a field of this name says where something goes."""
    lower = name.lower()
    words = _WORD.findall(name)
    return any(
        one in DESTINATIONS or one.endswith(_ENDS)
        for word in (lower, words[-1].lower() if words else "")
        for one in (word, word.removesuffix("s"), word.removesuffix("es"))
    )


def restored(given: Any, stored: bytes, hider: Hider | None, root: str = "args") -> Any:
    """Return edited arguments in which every mask is the stored value of its field again.

    Args:
        given: what was sent: the shown arguments, edited.
        stored: the arguments of the other job, as they are stored.
        hider: what hides the fields of its task.
        root: which part of the job it is.

    Raises:
        InvalidJob: a mask stands where nothing was hidden, or in a list that was edited; or what says where the value
            goes was edited.
    """
    if not holds_mask(given):
        return given
    shown = b"" if hider is None else hider.json(root, stored) or b""
    if hider is None or shown == stored:
        raise InvalidJob.at(_first_mask(given, f"/{root}"), _NOT_KEPT)
    was = msgspec.json.decode(stored)
    found = _restored(given, msgspec.json.decode(shown), was, f"/{root}")
    before, after = _destinations(was, f"/{root}"), _destinations(found, f"/{root}")
    changed = sorted(at for at in before.keys() | after.keys() if before.get(at) != after.get(at))
    if changed:
        raise InvalidJob.at(
            changed[0],
            "is not as it was in the other job, so its hidden values are not sent there: enter them again, here"
            f" {_first_mask(given, f'/{root}')}",
        )
    return found


def refuse_mask(given: Any, pointer: str) -> None:
    """Refuse a value that is, or holds, the mask: it was copied from where the value is hidden.

    Raises:
        InvalidJob: names the field.
    """
    if holds_mask(given):
        raise InvalidJob.at(_first_mask(given, pointer), _NOT_KEPT)


def holds_mask(value: Any) -> bool:
    """Tell whether a value is the mask, or one inside of it is."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if one == MASK:
                return True
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
    return False


def _destinations(value: Any, pointer: str) -> dict[str, bytes]:
    """Return the fields that say where something goes, at any depth, as JSON by their pointers."""
    found: dict[str, bytes] = {}
    waiting = [(pointer, value)]
    while waiting:
        at, one = waiting.pop()
        if isinstance(one, dict):
            for name, inner in one.items():
                if is_destination(name):
                    found[f"{at}/{_escaped(name)}"] = msgspec.json.encode(inner, order="deterministic")
                else:
                    waiting.append((f"{at}/{_escaped(name)}", inner))
        elif isinstance(one, list | tuple):
            waiting += [(f"{at}/{index}", inner) for index, inner in enumerate(one)]
    return found


def _restored(given: Any, shown: Any, stored: Any, pointer: str) -> Any:
    if not holds_mask(given):
        return given
    if given == MASK == shown:
        return stored
    if isinstance(given, dict) and isinstance(shown, dict):
        return {
            name: _restored(value, shown.get(name), stored.get(name), f"{pointer}/{_escaped(name)}")
            for name, value in given.items()
        }
    # In a list that was edited, it is unknown which value belongs to which place.
    if msgspec.json.encode(given) != msgspec.json.encode(shown):
        raise InvalidJob.at(_first_mask(given, pointer), _NOT_KEPT)
    return stored


def _first_mask(value: Any, pointer: str) -> str:
    if isinstance(value, dict | list | tuple):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        found = next(((name, one) for name, one in items if holds_mask(one)), None)
        if found is not None:
            return _first_mask(found[1], f"{pointer}/{_escaped(str(found[0]))}")
    return pointer


def _escaped(name: str) -> str:
    """Return a name as a JSON pointer has it."""
    return name.replace("~", "~0").replace("/", "~1")
