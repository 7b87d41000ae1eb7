"""Which fields of a payload are never shown, and how they are hidden: one decision for every reader.

A rule names fields by their path (``card.number``); configuration, an app and a task give rules. What REST, the command
line and the dashboard show of a job goes through the same :class:`Hider`: no permission lifts it. A
handler receives the stored value, and so does a program that reads its jobs from Python; nothing stored is changed.

JSON is hidden in its text, not decoded and encoded again: no digit of the rest changes, and the beginning of a text,
which lists show, is hidden by the same code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.hidden_values import MASK, HiddenValues
from taskflowmq.core.patterns import glob
from taskflowmq.core.redact import HIDDEN

_HIDDEN_JSON = f'"{HIDDEN}"'
_MASK_JSON = f'"{MASK}"'
#: Parts of a job that a rule may begin with; otherwise it holds in all of them, at any depth.
ROOTS = ("args", "meta", "result", "progress", "log")
#: Of these a rule may name the whole; the others are objects, whose fields are hidden one by one.
_WHOLE = ("result",)
#: Names that are hidden unless ``-default`` says otherwise; numbers of tokens, such as max_tokens, are shown.
DEFAULT_RULES = (
    "*password*", "*passwd*", "*passphrase*", "*secret*", "*api_key*", "*apikey*", "*api-key*", "*private_key*",
    "*privatekey*", "*access_key*", "*accesskey*", "*token", "*credential", "*credentials", "authorization", "cookie",
    "set-cookie",
)  # fmt: skip
#: Rules of one source, names of a path, and characters of a rule.
MAX_RULES, MAX_NAMES, MAX_RULE = 200, 16, 300
#: Answers for paths that are remembered.
_MOST_PATHS = 4_096

# In runs, not character by character: that is ten times as fast.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_TOKEN = re.compile(rf"{_STRING}|[{{}}\[\],:]", re.DOTALL)
_NAME = re.compile(r"[^\s.,:\"'\\]+")
_ASCII_RUN = re.compile(r"[!-)+-~]+")
_NEVER = re.compile(r"(?!)")


class Rule(msgspec.Struct, frozen=True, order=True):
    """Fields that are hidden.

    Attributes:
        task: of jobs of which tasks; ``*`` stands for any text. Empty: of all.
        root: in which part of a job; empty: in all.
        names: the last names of the path, in lower case; with a root: all of them. ``*`` stands for any text in a name.
    """

    task: str
    root: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        """Return the rule as it is written."""
        path = ".".join(filter(None, (self.root, *self.names)))
        return f"{self.task}:{path}" if self.task else path

    def is_of(self, task: str) -> bool:
        """Tell whether it holds for jobs of a task."""
        return not self.task or glob(self.task)(task)

    def fits(self, root: str, path: Sequence[str]) -> bool:
        """Tell whether it hides the field at a path of lower-case names, without positions in lists."""
        if self.root:
            if self.root != root or len(path) != len(self.names):
                return False
        elif len(path) < len(self.names):
            return False
        last = path[len(path) - len(self.names) :]
        return all(glob(pattern)(name) for pattern, name in zip(self.names, last, strict=True))


def read_rule(text: str, field: str = "/redact") -> Rule:
    """Return a rule that is written as ``[TASK:][args.|meta.|result.|progress.|log.]NAME.NAME``.

    Args:
        text: the rule.
        field: what the error names.

    Raises:
        InvalidJob: it is none.
    """
    if len(text) > MAX_RULE:
        raise InvalidJob.at(field, f"must be a path of at most {MAX_RULE} characters, got {text!r:.80}")
    task, _, path = text.strip().rpartition(":")
    names = path.split(".")
    if text.strip().startswith("-"):
        raise InvalidJob.at(
            field,
            f"{text!r:.80} begins with -, which names no field: only -default, in TASKFLOW_REDACT, takes rules away",
        )
    if len(names) > MAX_NAMES or not all(_NAME.fullmatch(name) for name in names):
        raise InvalidJob.at(
            field,
            f"{text!r:.80} is not a path: write a name such as card_number, or names joined by dots such as"
            " args.card.number; * stands for any text, and TASK: before it limits it to a task",
        )
    root, *rest = (name.lower() for name in names)
    if root not in ROOTS:
        return Rule(task.strip(), "", (root, *rest))
    if not rest and root not in _WHOLE:
        rest = ["*"]
    return Rule(task.strip(), root, tuple(rest))


def read_rules(given: Iterable[Any], field: str = "/redact") -> tuple[Rule, ...]:
    """Return rules, each once.

    Raises:
        InvalidJob: one is none, or they are too many.
    """
    if isinstance(given, str):
        raise InvalidJob.at(field, f"must be a list of paths, got the text {given!r:.80}")
    given = list(given)
    for one in given:
        if not isinstance(one, str):
            raise InvalidJob.at(field, f"must be a list of paths, got {one!r:.80}")
    rules = tuple(dict.fromkeys(read_rule(one, field) for one in given))
    if len(rules) > MAX_RULES:
        raise InvalidJob.at(field, f"has {len(rules)} rules, more than {MAX_RULES}")
    return rules


DEFAULTS = read_rules(DEFAULT_RULES)


def read_setting(text: str, field: str = "/redact") -> tuple[Rule, ...]:
    """Return the rules of a setting: paths separated by commas, beside the built-in ones unless it has ``-default``.

    Raises:
        InvalidJob: a path is none.
    """
    words = [word for word in (part.strip() for part in text.split(",")) if word]
    rules = read_rules((word for word in words if word != "-default"), field)
    return rules if "-default" in words else tuple(dict.fromkeys((*DEFAULTS, *rules)))


class Hider:
    """Hides the fields of jobs of one task.

    Args:
        rules: those that hold for the task, at least one.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._whole = frozenset(rule.root for rule in rules if rule.root and not rule.names)
        # A name of the path is in every text that has the field: a search for it is faster by far than reading JSON.
        literals = sorted({_literal(rule) for rule in rules if rule.names})
        # Those that are in others alone: fewer alternatives are found three times as fast.
        least = [one for one in literals if not any(other != one and other in one for other in literals)]
        hint = "|".join(map(re.escape, least))
        self._hint = re.compile(hint or ("" if literals else _NEVER.pattern))
        self._hint_bytes = re.compile(self._hint.pattern.encode())
        self._known: dict[tuple[str, tuple[str, ...]], bool] = {}

    def hides(self, root: str, path: Sequence[str]) -> bool:
        """Tell whether a field is hidden by its own path; what is inside of a hidden field is hidden with it."""
        key = root, tuple(path)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST_PATHS:
                self._known.clear()
            known = self._known[key] = any(rule.fits(root, key[1]) for rule in self._rules)
        return known

    def rule_for(self, root: str, path: Sequence[str]) -> Rule | None:
        """Return the rule that hides a field or one that it is inside of; None: it is shown."""
        names = [name.lower() for name in path]
        # A number may be the position in a list, which paths of rules do not have, or a name.
        ways = (names, [name for name in names if not name.isdecimal()])
        found = (
            rule for rule in self._rules for way in ways for end in range(len(way) + 1)
            if (rule.names or rule.root) and rule.fits(root, way[:end])
        )  # fmt: skip
        return next(found, None)

    def may_hide(self, root: str, raw: bytes | None) -> bool:
        """Tell whether stored JSON may have a hidden field, without reading it."""
        if raw is None:
            return False
        return root in self._whole or b"\\" in raw or self._hint_bytes.search(raw.lower()) is not None

    def json(self, root: str, raw: bytes | None, values: HiddenValues | None = None) -> bytes | None:
        """Return stored JSON with its hidden values replaced; the same object if there are none.

        Args:
            root: which part of the job it is.
            raw: the JSON.
            values: takes the hidden texts and numbers.
        """
        if raw is None or not self.may_hide(root, raw):
            return raw
        text = raw.decode("utf-8", "surrogatepass")
        shown = self.text(root, text, values)
        return raw if shown is text else shown.encode("utf-8", "surrogatepass")

    def text(self, root: str, text: str, values: HiddenValues | None = None) -> str:
        """Do the same with text, which may be the beginning of JSON: a value that was cut is hidden to the end."""
        if root in self._whole:
            if values is not None:
                values.add(_decoded(text))
            return _MASK_JSON
        if "\\" not in text and self._hint.search(text.lower()) is None:
            return text
        spans = _Scan(text, lambda path: self.hides(root, path)).spans()
        if not spans:
            return text
        parts, last = [], 0
        for start, end in spans:
            if text[start:end] == _HIDDEN_JSON:  # by the redactor of log lines, where it was written
                continue
            if values is not None:
                values.add(_decoded(text[start:end]))
            parts += [text[last:start], _MASK_JSON]
            last = end
        return "".join([*parts, text[last:]]) if parts else text


class Redaction:
    """All rules that hold, for jobs of any task. Equal rules are equal redactions.

    Args:
        rules: the rules.
    """

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules = tuple(sorted(set(rules)))
        self._hash = hash(self.rules)
        self._by_task: dict[str, Hider | None] = {}
        #: For what is read without its task: every rule holds.
        self.any: Hider | None = Hider(self.rules) if self.rules else None

    def __eq__(self, other: object) -> bool:
        """Compare the rules."""
        return isinstance(other, Redaction) and self.rules == other.rules

    def __hash__(self) -> int:
        """Hash the rules."""
        return self._hash

    def of(self, task: str) -> Hider | None:
        """Return what hides the fields of a task's jobs; None: nothing is hidden."""
        try:
            return self._by_task[task]
        except KeyError:
            rules = [rule for rule in self.rules if rule.is_of(task)]
            if len(self._by_task) >= _MOST_PATHS:
                self._by_task.clear()
            found = self._by_task[task] = Hider(rules) if rules else None
            return found


class _Announced(msgspec.Struct):
    redact: list[str] = []


def rules_of(task: str, options: bytes | None) -> tuple[Rule, ...]:
    """Return the rules that a task's announced options have; a rule of a newer version that is no path is left out."""
    if options is None or b'"redact"' not in options:
        return ()
    try:
        said = msgspec.json.decode(options, type=_Announced).redact
    except msgspec.DecodeError:
        return ()
    found = []
    for text in said:
        try:
            found.append(msgspec.structs.replace(read_rule(text), task=task))
        except InvalidJob:
            continue
    return tuple(found)


def _literal(rule: Rule) -> str:
    """Return text that is in every JSON with a field that the rule hides; empty: unknown."""
    runs = [run for name in rule.names for run in _ASCII_RUN.findall(name)]
    return max(runs, key=len, default="")


class _Scan:
    """Finds the values of hidden fields in JSON, which may be cut at its end.

    Args:
        text: the JSON.
        hides: tells whether the field at a path is hidden.
    """

    def __init__(self, text: str, hides: Callable[[tuple[str, ...]], bool]) -> None:
        self._text = text
        self._hides = hides
        #: Of each container around: whether it is an object, and how many names lead to it.
        self._around: list[tuple[bool, int]] = []
        self._names: list[str] = []
        self._key: str | None = None
        self._wants_key = False
        #: Of the value that is being hidden: where it begins, and in how many containers it is.
        self._start, self._depth = -1, 0

    def spans(self) -> list[tuple[int, int]]:
        """Return where the values are."""
        found: list[tuple[int, int]] = []
        for token in _TOKEN.finditer(self._text):
            mark = self._text[token.start()]
            if self._start >= 0:
                if not self._ends(mark):
                    continue
                found.append(_trimmed(self._text, self._start, token.start()))
                self._start = -1
            self._step(mark, token)
        if self._start >= 0:
            found.append(_trimmed(self._text, self._start, len(self._text) - self._text.endswith("…")))
        return found

    def _ends(self, mark: str) -> bool:
        """Tell whether the value that is being hidden ends before this mark."""
        if len(self._around) == self._depth and mark in ",}]":
            return True
        if mark in "{[":
            self._around.append((False, len(self._names)))
        elif mark in "}]":
            self._around.pop()
        return False

    def _step(self, mark: str, token: re.Match[str]) -> None:
        if mark == '"':
            if self._wants_key:
                self._key, self._wants_key = _key(token[0]), False
        elif mark == ":":
            if self._key is not None and self._hides((*self._names, self._key)):
                self._start, self._depth = token.end(), len(self._around)
        elif mark in "{[":
            self._around.append((mark == "{", len(self._names)))
            if self._key is not None:
                self._names.append(self._key)
            self._key, self._wants_key = None, mark == "{"
        else:
            if mark != "," and self._around:
                del self._names[self._around.pop()[1] :]
            self._key, self._wants_key = None, mark == "," and bool(self._around) and self._around[-1][0]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a stretch of text without white space at its ends."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _key(token: str) -> str:
    found = _decoded(token) if "\\" in token else token.strip('"')
    return found.lower() if isinstance(found, str) else ""


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):  # cut, or stored by a program that is not ours
        return text.strip('"')
