"""The hidden values of one job, and how they are replaced in texts: in whole texts, and where a text is cut.

A text is cut behind the replacing, never before it: the beginning of a value would be left at the cut. What is read of
a long text is as much more as the longest value may take, so the time does not depend on how long the text is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

#: What stands in the place of a hidden value.
MASK = "••• (redacted)"
#: Hidden values of one job that are looked for in its texts; if it has more, its texts are hidden whole.
MOST_VALUES = 200
#: The characters of the shortest value that is looked for.
_SHORTEST = 3
#: Shorter values are replaced as whole words only: ``123`` is a part of many numbers.
_AS_WORD = 8
_CUT = "…"
_PLACEHOLDER = re.compile(r"<\w+>")
_Span = tuple[int, int]


class HiddenValues:
    """Texts and numbers of one job that no reader is shown.

    Args:
        values: the first ones.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: dict[str, None] = {}
        self._forms: list[str] | None = None
        #: Whether there are more than are looked for.
        self.too_many = False
        for one in values:
            self.add(one)

    def __bool__(self) -> bool:
        return bool(self._values)

    def add(self, value: Any) -> None:
        """Add the texts and numbers in a hidden value."""
        self._forms = None
        waiting = [value]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                waiting += one.values()
            elif isinstance(one, list):
                waiting += one
            elif (
                isinstance(one, str | int | float) and not isinstance(one, bool) and len(text := str(one)) >= _SHORTEST
            ):
                self._values[text] = None
                if len(self._values) > MOST_VALUES:
                    self.too_many = True
                    return

    def as_in(self, change: Callable[[str], str]) -> HiddenValues:
        """Return the values, also as they are in texts whose numbers, ids and quoted text were replaced by ``<word>``.

        Args:
            change: what was done to the texts.
        """
        found = HiddenValues()
        changed = (change(one) for one in self._values)
        left = [one for one in changed if sum(map(str.isalnum, _PLACEHOLDER.sub("", one))) >= _SHORTEST]
        found._values, found.too_many = {**self._values, **dict.fromkeys(left)}, self.too_many
        return found

    def replaced(self, text: str, *, is_cut: bool = False) -> str:
        """Return a text without the values, as they are and as Python and JSON write them; the same if it has none.

        Args:
            text: the text. Where it begins or ends with ``…``, parts of values are replaced too.
            is_cut: whether it was cut at its end, so that it may end within a value.
        """
        if self.too_many:
            return MASK if text else text
        return self.replaced_known(text, is_cut=is_cut)

    def replaced_known(self, text: str, *, is_cut: bool = False) -> str:
        """Do the same, and look only for the first values if there are too many: for names, which hold none."""
        if not self._values:
            return text
        return _masked(text, self._spans(text, text.startswith(_CUT), is_cut or text.endswith(_CUT)), 0, len(text))

    def head(self, text: str, longest: int) -> str:
        """Return the first characters of a text without the values; one across the cut is replaced as a whole."""
        if self.too_many or not self._values or len(text) <= longest:
            return self.replaced(text)[:longest]
        piece = text[: longest + self._longest() + 1]
        return _masked(piece, self._spans(piece, piece.startswith(_CUT), False), 0, longest)

    def tail(self, text: str, longest: int) -> str:
        """Return the last characters of a text; otherwise as :meth:`head`."""
        if self.too_many or not self._values or len(text) <= longest:
            return self.replaced(text)[-longest:]
        begin = len(text) - longest
        offset = max(begin - self._longest() - 1, 0)
        piece = text[offset:]
        return _masked(piece, self._spans(piece, False, piece.endswith(_CUT)), begin - offset, len(piece))

    def _longest(self) -> int:
        forms = self._known_forms()
        return len(forms[0]) if forms else 0

    def _known_forms(self) -> list[str]:
        """Return the values as they may stand in a text, the longest first."""
        if self._forms is None:
            self._forms = sorted({form for one in self._values for form in _forms(one)}, key=len, reverse=True)
        return self._forms

    def _spans(self, text: str, cut_start: bool, cut_end: bool) -> list[_Span]:
        """Return where values are, by their places."""
        found: list[_Span] = []
        for form in self._known_forms():
            if len(form) < _AS_WORD:
                if form in text:
                    found += [one.span() for one in re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", text)]
            else:
                at = text.find(form)
                while at >= 0:
                    found.append((at, at + len(form)))
                    at = text.find(form, at + len(form))
            if cut_start:
                found += _begins_within(text, form)
            if cut_end:
                found += _ends_within(text, form)
        return sorted(found)


def _masked(text: str, spans: list[_Span], begin: int, end: int) -> str:
    """Return the text from ``begin`` to ``end``, with one mask for each stretch of spans that overlap."""
    parts: list[str] = []
    last, masked_to = begin, -1
    for start, stop in spans:
        if stop <= begin or start >= end:
            continue
        if start < masked_to:  # it begins within the previous one
            masked_to = last = max(masked_to, stop)
            continue
        parts += [text[last:start], MASK]
        masked_to = last = stop
    return "".join([*parts, text[last:end]]) if parts else text[begin:end]


def _begins_within(text: str, form: str) -> list[_Span]:
    """Return where a text, behind its ``…``, begins with the end of a value."""
    first = len(_CUT)
    end = form[-_SHORTEST:]
    at = text.rfind(end, first, first + len(form))
    while at >= 0:
        if form.endswith(text[first : at + len(end)]):
            return [(first, at + len(end))]
        at = text.rfind(end, first, at + len(end) - 1)
    return []


def _ends_within(text: str, form: str) -> list[_Span]:
    """Return where a text, before its ``…``, ends with the beginning of a value."""
    last = len(text) - len(_CUT) if text.endswith(_CUT) else len(text)
    at = text.find(form[:_SHORTEST], max(last - len(form), 0), last)
    while at >= 0:
        if form.startswith(text[at:last]):
            return [(at, last)]
        at = text.find(form[:_SHORTEST], at + 1, last)
    return []


def _forms(value: str) -> set[str]:
    """Return a value as it may stand in a text.

    It may stand there as it is, without the space around it, in the repr of Python and in JSON, both also with ASCII
    alone; and line by line, because a traceback may indent its lines.
    """
    found = {
        value,
        value.strip(),
        repr(value)[1:-1],
        ascii(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(value)[1:-1],
        *(line for line in value.splitlines() if len(line) >= _AS_WORD),
    }
    return {form for form in found if len(form.strip()) >= _SHORTEST}
