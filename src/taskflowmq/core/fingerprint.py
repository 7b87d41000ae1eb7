"""Which failures are of one kind: the fingerprint of an error, made of what does not change from job to job. Pure.

A kind is a tenant's task, the type of the exception, the calls of the program itself, and the message with its variable
parts masked. Line numbers, folders above the module's own, library frames and the depth of a recursion do not count,
so a kind survives a deployment. It is made of the error as it is stored: the process that settles a job may have no
exception, since bodies run in other processes, and a supervisor settles the jobs of a dead child.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import msgspec

from taskflowmq.core.job import Ended

#: Characters of a fingerprint: 64 bits. Two of a hundred thousand kinds collide with a chance of 1 in 4 billion.
LENGTH = 16
#: Characters that are read of a message, and kept of it once it is masked. What was cut within a word is beyond these.
_READ, MAX_MASKED = 2_000, 200
#: The last calls that count: a stored traceback has lost its beginning.
_MOST_CALLS = 8
#: Errors, and calls of the program, that are remembered: jobs that fail at once often fail alike.
_MOST_ALIKE, _MOST_PLACES = 64, 1_024
#: Part of every fingerprint: a change of these rules makes other kinds, and must be seen here.
_RULES = "1"

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_FRAME = re.compile(r'^[ |]*File "([^"\n]+)", line \d+, in (\S.*)$', re.MULTILINE)
#: As in ``dashboard/src/lib/traceback.ts``: files of libraries, of Python and of TaskFlow, and code without a file.
_LIBRARY = re.compile(
    r"(?:^|[\\/])(?:site-packages|dist-packages|lib[\\/]python\d[^\\/]*|taskflowmq)[\\/]|^<(?!stdin|string)"
)
#: Python 3.12 has no frames of them.
_INLINED = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})
_LINKS = ("\nThe above exception was the direct cause", "\nDuring handling of the above exception")

#: What a message may hold of one job: each alternative begins in its own way and reads on without going back.
_VARIABLE = re.compile(
    r"""
    (?P<quoted> "[^"\n]*+" | (?<!\w)'[^'\n]*+'(?!\w) | `[^`\n]*+` )
  | (?P<url> \b[A-Za-z][A-Za-z0-9+.-]{1,15}+://[^\s"'<>]*+ )
  | (?P<email> \b[\w.+-]{1,64}+@[\w-]++(?:\.[\w-]++)*+ )
  | (?P<uuid> \b[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}\b )
  | (?P<path> (?<![\w.])(?:[A-Za-z]:|\.{1,2}|~)?(?:[\\/][\w.@%+~-]++){2,}+[\\/]? )
  | (?P<time> \b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d++)?+)?+(?:Z|\ ?[+-]\d\d:?\d\d)?+)?+ )
  | (?P<hex> \b0[xX][0-9A-Fa-f]++\b )
  | (?P<word> (?<!\w)[^\W\d]*+\d\w*+ )
    """,
    re.VERBOSE,
)
_NAMES = {
    "quoted": "<text>", "url": "<url>", "email": "<email>", "uuid": "<uuid>", "path": "<path>", "time": "<time>",
    "hex": "<hex>",
}  # fmt: skip
_DIGITS = re.compile(r"\d+")
_HEX_WORD = re.compile(r"[0-9A-Fa-f]{8,}")
#: A number as a person writes it: 1,204.50, -3, 1e-05.
_NUMBER = re.compile(r"(?<![\w<])[-+]?<number>(?:[.,:_]<number>)*+(?:[eE][-+]?<number>)?+")
_REPEATED = re.compile(r"(<\w+>)(?:[\s,;|]++\1)++")
_SPACES = re.compile(r"\s+")


class ErrorKind(msgspec.Struct, frozen=True, gc=False):
    """What failures of one kind have in common."""

    fingerprint: str
    type: str
    #: With its variable parts masked.
    message: str


class _Stored(msgspec.Struct):
    """A stored error; what another program stored may lack all of it."""

    type: str = "Error"
    message: str = ""
    traceback: str = ""


_decode = msgspec.json.Decoder(_Stored).decode
_LOST = _Stored("WorkerLost", "the lease of its worker ended without a renewal")
_CRASHED = _Stored("ProcessCrashed", "its process ended")
#: Attempts that failed by how they ended, and what is known of those without an error.
_WITHOUT = {
    Ended.FAILED: _Stored(),
    Ended.DISCARDED: _Stored(),
    Ended.TIMEOUT: _Stored("TimeoutError"),
    Ended.CRASHED: _CRASHED,
    Ended.LOST: _LOST,
}


@lru_cache(_MOST_ALIKE)
def kind_of(tenant: str, task: str, ended: Ended, error: bytes | None) -> ErrorKind:
    """Return the kind of a failure.

    Args:
        tenant, task: of the job.
        ended: how its attempt failed.
        error: as it is stored, ``{"type", "message", "traceback"}``; None: there is none.
    """
    stored = _read(error) or _WITHOUT[ended]
    # Where a body was when its time was over differs each time.
    calls = () if ended is Ended.TIMEOUT else calls_of(stored.traceback)
    message = masked(stored.message)
    parts = (_RULES, tenant, task, ended if ended is Ended.TIMEOUT else "", stored.type, *calls, message)
    digest = hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()
    return ErrorKind(digest[:LENGTH], stored.type, message)


def is_fingerprint(text: str) -> bool:
    """Tell whether text has the form of a fingerprint."""
    return _FINGERPRINT.fullmatch(text) is not None


def _read(error: bytes | None) -> _Stored | None:
    if error is None:
        return None
    try:
        return _decode(error)
    except (msgspec.DecodeError, ValueError):  # stored by a program that is not ours
        return None


def calls_of(traceback: str) -> tuple[str, ...]:
    """Return the calls that led to an error as ``folder/module:function``, outermost first, each once.

    Those of the program itself; where it has none, the last one of a library.
    """
    # What the exception was raised from does not say where it was raised.
    for link in _LINKS:
        traceback = traceback.rpartition(link)[2]
    frames = [(path, name) for path, name in _FRAME.findall(traceback) if name not in _INLINED]
    own = [frame for frame in frames if not _is_library(frame[0])]
    # Each once: how deep a recursion went says nothing.
    calls = dict.fromkeys(_call(path, name) for path, name in own or frames[-1:])
    return tuple(calls)[-_MOST_CALLS:]


@lru_cache(_MOST_PLACES)
def _is_library(path: str) -> bool:
    return _LIBRARY.search(path) is not None


@lru_cache(_MOST_PLACES)
def _call(path: str, name: str) -> str:
    *folders, module = re.split(r"[\\/]", path)
    # A folder may be named after a release or a process.
    folder = f"{masked(folders[-1])}/" if folders else ""
    return f"{folder}{module.removesuffix('.py')}:{name.strip()}"


def masked(message: str) -> str:
    """Return a message without what belongs to one job: numbers, ids, addresses, paths, times, quoted text."""
    text = _VARIABLE.sub(_mask, message[:_READ])
    text = _REPEATED.sub(r"\1", _NUMBER.sub("<number>", text))
    return _SPACES.sub(" ", text).strip()[:MAX_MASKED]


def _mask(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind is not None and kind != "word":
        return _NAMES[kind]
    word = found[0]
    if _HEX_WORD.fullmatch(word) and not word.isdecimal():
        return "<hex>"
    # Digits amid letters are an id; those at an end are the number of a thing, as in user_42 and utf8.
    parts = _DIGITS.split(word)
    if any(parts[1:-1]) or (parts[0] and parts[-1]):
        return "<id>"
    return _DIGITS.sub("<number>", word)


def fits(fingerprint: str, tenant: str, task: str, error: bytes | None) -> bool:
    """Tell whether a stored error may be of a kind; how its attempt ended is not known."""
    return any(kind_of(tenant, task, ended, error).fingerprint == fingerprint for ended in _WITHOUT)
