"""The text of a filter of jobs: ``state:dead queue:mail -task:send_* args.user.id:42 run:>2m "free text"``.

A space is AND, a comma between values OR, a minus before a term NOT; quotes hold what has spaces, and ``\\"`` and
``\\\\`` inside of them. The dashboard reads the same text (``dashboard/src/filter``); both pass one file of examples,
``dashboard/src/filter/fixtures.json``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from taskflowmq.core.errors import BadFilter
from taskflowmq.core.filter_terms import FILTER_KEYS, FREE_TEXT, PAYLOAD_KEYS, WORD_KEYS, Json, Range, Term, Value, Word
from taskflowmq.core.filter_values import read_value, write_range, write_times

#: Characters, terms, values of a term, and steps of a path that a filter may have.
MAX_FILTER = 1_000
MAX_TERMS = 32
MAX_VALUES = 64
MAX_STEPS = 16
SPACES = " \t\n\r"
#: What words of other systems are here.
SYNONYMS = {
    "status": "state", "name": "task", "kind": "task", "tags": "tag", "workers": "worker", "host": "worker",
    "exception": "error", "duration": "run", "runtime": "run", "latency": "wait", "attempts": "attempt",
    "retries": "attempt", "enqueued": "created", "due": "scheduled", "run_at": "scheduled", "ended": "finished",
    "completed": "finished", "payload": "args", "kwargs": "args", "arguments": "args",
}  # fmt: skip
#: Longer words are not compared with known ones.
_LONGEST_WORD = 20
_BARE = re.compile(r'[^ \t\n\r",]+')
_BARE_STEP = re.compile(r'[^ \t\n\r:.,"]+')
_BARE_TEXT = re.compile(r'[^ \t\n\r":-][^ \t\n\r":]*')
_JSON_TOKEN = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


class _Piece(NamedTuple):
    """A part of the text: what it says, whether it stood in quotes, and where it is."""

    text: str
    quoted: bool
    start: int
    end: int


def parse_filter(text: str) -> tuple[Term, ...]:
    """Return the terms of a filter's text, in its order.

    Raises:
        BadFilter: it is none; says where and, for a wrong word, which is the nearest.
    """
    return _Reader(text).terms()


def write_filter(terms: tuple[Term, ...]) -> str:
    """Return the text of a filter, from which the same terms are read."""
    return " ".join(map(_write_term, terms))


def nearest(word: str, known: tuple[str, ...]) -> str | None:
    """Return the word that was probably meant: one that begins so, otherwise the first of the fewest changes; or None.

    A change adds, removes or replaces a letter, or swaps two neighbours. A third of the letters may change, or one.
    """
    if len(word) > 1 and (longer := next((one for one in known if one.startswith(word)), None)):
        return longer
    if not 0 < len(word) <= _LONGEST_WORD:
        return None
    changes, at = min((_distance(word, one), at) for at, one in enumerate(known))
    return known[at] if changes <= max(1, len(word) // 3) < len(known[at]) else None


def _distance(one: str, other: str) -> int:
    above: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        oldest, above, row = above, row, [i]
        for j, b in enumerate(other, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                row[j] = min(row[j], oldest[j - 2] + 1)
    return row[-1]


class _Reader:
    """Reads one text from its beginning to its end, each character a bounded number of times."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def terms(self) -> tuple[Term, ...]:
        if len(self._text) > MAX_FILTER:
            raise BadFilter("too_long", f"has more than {MAX_FILTER:,} characters", MAX_FILTER, len(self._text))
        for at, one in enumerate(self._text):
            if one == "\0" or "\ud800" <= one <= "\udfff":
                raise BadFilter("bad_character", "has a character that no job can have", at, at + 1)
        found: list[Term] = []
        while self._skip_spaces():
            if len(found) == MAX_TERMS:
                raise BadFilter("too_many", f"has more than {MAX_TERMS} terms", self._at, len(self._text))
            found.append(self._term())
        return tuple(found)

    def _skip_spaces(self) -> bool:
        while self._peek() and self._peek() in SPACES:
            self._at += 1
        return self._at < len(self._text)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _term(self) -> Term:
        start = self._at
        negated = self._peek() == "-"
        self._at += negated
        if self._peek() == "" or self._peek() in SPACES:
            raise BadFilter("no_value", "a minus must be followed by a term, as in -state:completed", start, self._at)
        if self._peek() == '"':
            return Term(FREE_TEXT, (Word(self._whole_quoted()),), negated=negated)
        steps = self._steps()
        if self._peek() != ":":
            word = self._text[start + negated : self._at]
            return Term(FREE_TEXT, (Word(word),), negated=negated)
        key = self._key(steps)
        self._at += 1
        path = tuple(one.text for one in steps[1:])
        return Term(key, self._values(key), path, negated)

    def _whole_quoted(self) -> str:
        piece = self._quoted()
        if self._peek() and self._peek() not in SPACES:
            raise BadFilter("stray_quote", "a space must follow a text in quotes", self._at, self._at + 1)
        if not piece.text:
            raise BadFilter("no_value", "there is no text between the quotes", piece.start, piece.end)
        return piece.text

    def _quoted(self) -> _Piece:
        start, parts = self._at, []
        self._at += 1
        while (one := self._peek()) != '"':
            if one == "\\" and self._text[self._at + 1 : self._at + 2] in ("\\", '"'):
                self._at += 1
                one = self._peek()
            if one == "":
                raise BadFilter("open_quote", "this quote is not closed", start, start + 1)
            parts.append(one)
            self._at += 1
        self._at += 1
        return _Piece("".join(parts), True, start, self._at)

    def _steps(self) -> list[_Piece]:
        """Read a word up to its colon or its end, divided at its dots."""
        steps: list[_Piece] = []
        while True:
            start = self._at
            if self._peek() == '"' and steps:
                steps.append(self._quoted())
                if self._peek() not in (".", ":"):
                    raise BadFilter("stray_quote", "a colon must follow the path", self._at, self._at + 1)
            else:
                self._run(SPACES + '.:"')
                steps.append(_Piece(self._text[start : self._at], False, start, self._at))
            if self._peek() == '"':
                raise BadFilter("stray_quote", "a quote must stand around the whole text", self._at, self._at + 1)
            if self._peek() != ".":
                return steps
            self._at += 1

    def _run(self, until: str) -> None:
        while self._peek() and self._peek() not in until:
            self._at += 1

    def _key(self, steps: list[_Piece]) -> str:
        start, end = steps[0].start, self._at
        key = _lower(steps[0].text)
        if key in PAYLOAD_KEYS:
            if len(steps) == 1 or len(steps) > MAX_STEPS or not all(one.text for one in steps):
                detail = f"needs a path of 1…{MAX_STEPS - 1} names, as in args.user.id:42"
                raise BadFilter("bad_path", f"{key} {detail}", start, end)
            return key
        if key not in FILTER_KEYS or len(steps) > 1:
            hint = SYNONYMS.get(key) or nearest(key, FILTER_KEYS)
            shown = self._text[start:end]
            raise BadFilter("unknown_key", f"there is no key {shown!r:.80}; {_meant(hint)}", start, end, hint)
        return key

    def _values(self, key: str) -> tuple[Value, ...]:
        found: list[Value] = []
        while True:
            if len(found) == MAX_VALUES:
                raise BadFilter("too_many", f"has more than {MAX_VALUES} values of a term", self._at, len(self._text))
            piece = self._value(key)
            if key in PAYLOAD_KEYS:
                found.append(_payload_value(piece.text, piece.quoted, piece.start, piece.end))
            elif key in WORD_KEYS and key not in ("state", "worker"):
                found.append(Word(piece.text, not piece.quoted and "*" in piece.text))
            else:
                found.append(read_value(key, piece.text, piece.start, piece.end, nearest))
            if self._peek() != ",":
                return tuple(found)
            self._at += 1

    def _value(self, key: str) -> _Piece:
        start = self._at
        if self._peek() == '"':
            piece = self._quoted()
        else:
            self._run(SPACES + ',"')
            piece = _Piece(self._text[start : self._at], False, start, self._at)
        if self._peek() and self._peek() not in SPACES + ",":
            detail = "a quote must stand around the whole value"
            raise BadFilter("stray_quote", detail, self._at, self._at + 1)
        if not piece.text and not (piece.quoted and key in PAYLOAD_KEYS):
            raise BadFilter("no_value", f"{key}: needs a value", piece.start, piece.end)
        return piece


def _lower(text: str) -> str:
    """Return text with ASCII letters made small; others are the same in every language."""
    return text.lower() if text.isascii() else text


def _meant(hint: str | None) -> str:
    return f"did you mean {hint!r}?" if hint else f"keys are: {', '.join(FILTER_KEYS)}; quotes search for text"


def _payload_value(text: str, quoted: bool, start: int, end: int) -> Value:
    if quoted:
        return Word(text)
    if text[0] in "<>":
        detail = "values of a payload are compared for equality; put text that begins so in quotes"
        raise BadFilter("bad_value", detail, start, end)
    if not _JSON_TOKEN.fullmatch(text):
        return Word(text)
    if text not in ("true", "false", "null") and float(text) in (float("inf"), float("-inf")):
        raise BadFilter("bad_number", "is beyond the numbers of JSON", start, end)
    return Json(text)


def _write_term(term: Term) -> str:
    minus = "-" if term.negated else ""
    if term.key == FREE_TEXT:
        [word] = term.values
        text = word.text if isinstance(word, Word) else ""
        return minus + (text if _BARE_TEXT.fullmatch(text) else _quote(text))
    path = "".join(f".{step if _BARE_STEP.fullmatch(step) else _quote(step)}" for step in term.path)
    return f"{minus}{term.key}{path}:{','.join(_write_value(term, value) for value in term.values)}"


def _write_value(term: Term, value: Value) -> str:
    match value:
        case Json(token):
            return token
        case Range():
            return write_range(term.key, value)
        case Word(text, pattern):
            plain = pattern or (_BARE.fullmatch(text) and ("*" not in text or term.key in PAYLOAD_KEYS))
            if term.key in PAYLOAD_KEYS and (text[:1] in ("<", ">") or _JSON_TOKEN.fullmatch(text)):
                plain = False
            return text if plain else _quote(text)
        case _:
            return write_times(value)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
