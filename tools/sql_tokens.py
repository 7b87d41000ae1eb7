"""A lexer for the SQL of PostgreSQL and SQLite: enough to tell names from strings and comments."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<string>\$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$
              |[eE]'(?:\\.|''|[^'\\])*'
              |(?:[xXbBnN]|[uU]&)?'(?:''|[^'])*')
    | (?P<quoted>"(?:""|[^"])*"|`[^`]*`)
    | (?P<number>\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?)
    | (?P<cast>::)
    | (?P<param>\$\d+|\?\d*|[:@$][A-Za-z_]\w*)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """One piece of SQL. `key` is what rules compare: lower case for words, the text for the rest."""

    kind: str
    text: str
    line: int

    @property
    def key(self) -> str:
        """Return the word in lower case, anything else as it is."""
        return self.text.lower() if self.kind == "word" else self.text

    @property
    def name(self) -> str:
        """Return the name that the token stands for, without quotes."""
        return self.text[1:-1] if self.kind == "quoted" else self.key

    @property
    def is_name(self) -> bool:
        """Say whether the token can name a table, a column or a function."""
        return self.kind in ("word", "quoted")


def tokens(sql: str) -> list[Token]:
    """Split SQL into tokens, without blanks and comments; an unclosed quote comes out as a lone mark."""
    found: list[Token] = []
    line = 1
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "mark"
        if kind not in ("space", "comment"):
            found.append(Token(kind, match.group(), line))
        line += match.group().count("\n")
    return found


def statements(found: list[Token]) -> int:
    """Count the statements: runs of tokens between semicolons."""
    count, inside = 0, False
    for token in found:
        if token.text == ";" and token.kind == "mark":
            inside = False
        elif not inside:
            count, inside = count + 1, True
    return count


def key_at(found: list[Token], index: int) -> str:
    """Return the key of a token, or "" outside the statement."""
    return found[index].key if 0 <= index < len(found) else ""


def after_parens(found: list[Token], index: int) -> int:
    """Return the index behind the parenthesis that opens at `index`."""
    depth = 0
    for position in range(index, len(found)):
        key = found[position].key
        depth += (key == "(") - (key == ")")
        if depth == 0:
            return position + 1
    return len(found)
