"""Keep the wording of public texts plain: a term of art where the field has one.

Public texts are what users read without opening the source: the strings of the package (log lines, errors, options of
the command line, descriptions of the API) and the docstrings that become help or OpenAPI text. The list is short on
purpose: each pattern has a better term in every place where it occurs. Comments and other docstrings, in Python and
SQL, are for readers of the source: of them only the patterns of PROSE are refused. Released migrations and the text of
functions, whose digests are stored, are left out. Exceptions are lifted one file at a time, in LIFTS, with the reason.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.check_source import docstrings
from tools.problems import ROOT, Problem, apply_lifts, relative, report

SOURCES = Path("src/taskflowmq")
#: Texts of fewer words are names, keys and formats.
FEWEST_WORDS = 3
#: Decorators whose function's docstring is shown to users: commands of click, routes of the server.
SHOWN = frozenset({"command", "group", "get", "post", "put", "patch", "delete"})
#: Classes of this folder are schemas: their docstrings are descriptions of the OpenAPI document.
SCHEMAS = "src/taskflowmq/wire/"

#: Patterns, each with what to write instead.
Words = tuple[tuple[re.Pattern[str], str], ...]
#: Folders of SQL whose comments are kept as they were released.
KEPT = frozenset({"migrations", "functions"})
#: Names between backticks are no prose: ``nobody`` is a user.
CODE = re.compile(r"`+[^`]*`+")

# "path:rule" -> why. The one rule is words.
LIFTS: dict[str, str] = {}


def _compiled(patterns: Iterable[tuple[str, str]]) -> Words:
    return tuple((re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), better) for pattern, better in patterns)


#: What is refused everywhere -> what to write.
PROSE = _compiled(
    (
        (r"whoever|whomever|nobody|somebody|anybody|everybody", "name it: the caller, the client, no worker"),
        (r"(?:is|are|was|were|be) away", "is unreachable"),
        (r"so many", "this many, up to this many"),
        (r"anew", "again"),
        (r"under way", "in progress"),
        (r"hung up|hangs up", "disconnected"),
    )
)
#: What is refused in public texts -> what to write.
WORDS = PROSE + _compiled(
    (
        (r"(?:goes|go|went|going) on(?! (?:the|a|an|this|that)\b)", "continues"),
        (r"(?:gets?|got|getting) on (?:again|with it)|not get on", "makes progress"),
        (r"looks? (?:for|into|after|once|at)", "polls, queries, reads, checks"),
        (r"(?:is|are|was|were) (?:told|asked)", "receives, is requested"),
        (r"believed|taken for dead|took (?:\w+ )?for dead", "is considered"),
        (r"stands? (?:still|in|before)|stood still", "is blocked, is located"),
        (r"(?<!there )(?:is|are) no (?!longer\b|more\b)", "is not a"),
        (r"wish(?:es)?", "request, value"),
        (r"of yours|yours alone", "of the application"),
    )
)


def found_in(text: str, words: Words = WORDS) -> Iterator[tuple[str, str]]:
    """Yield each refused phrase of a text, with what to write instead."""
    flat = " ".join(text.split())
    for pattern, better in words:
        for match in pattern.finditer(flat):
            yield match[0].strip(), better


def check(root: Path, lifts: dict[str, str]) -> tuple[list[Problem], int]:
    """Return the refused phrases below `root`, and how many files were read."""
    problems: list[Problem] = []
    count = 0
    for path in sorted((root / SOURCES).rglob("*.py")):
        count += 1
        name = relative(path, root)
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source, filename=name)
        for line, text in public_texts(tree, schemas=name.startswith(SCHEMAS)):
            for phrase, better in found_in(text):
                problems.append(Problem(name, line, "words", f"“{phrase}” in a public text: write “{better}”"))
        problems += _in_prose(name, [*other_docstrings(tree, schemas=name.startswith(SCHEMAS)), *comments(source)])
    for path in sorted((root / SOURCES).rglob("*.sql")):
        if KEPT.isdisjoint(path.parts):
            lines = path.read_text(encoding="utf-8").splitlines()
            marked = ((line, text.partition("--")[2]) for line, text in enumerate(lines, 1))
            problems += _in_prose(relative(path, root), marked)
    return apply_lifts(problems, lifts, "tools/check_words.py"), count


def _in_prose(name: str, texts: Iterable[tuple[int, str]]) -> Iterator[Problem]:
    for line, text in texts:
        for phrase, better in found_in(CODE.sub("", text), PROSE):
            yield Problem(name, line, "words", f"“{phrase}” in a comment or docstring: write “{better}”")


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every comment."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def other_docstrings(tree: ast.Module, *, schemas: bool) -> Iterator[tuple[int, str]]:
    """Yield line and text of every docstring that is not shown to users."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not _is_shown(node, schemas=schemas) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text


def public_texts(tree: ast.Module, *, schemas: bool) -> Iterator[tuple[int, str]]:
    """Yield line and text of every string, and of every docstring that is shown to users."""
    skipped = docstrings(tree)
    for node in ast.walk(tree):  # breadth first: an f-string comes before its parts
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(value) for value in node.values)
            yield node.lineno, "".join(_part(value) for value in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in skipped and len(node.value.split()) >= FEWEST_WORDS:
                yield node.lineno, node.value
        elif _is_shown(node, schemas=schemas) and (text := ast.get_docstring(node)):  # type: ignore[arg-type]
            yield node.lineno, text  # type: ignore[attr-defined]


def _part(value: ast.expr) -> str:
    """Return a part of an f-string; what is filled in reads as a word that no pattern knows."""
    return str(value.value) if isinstance(value, ast.Constant) else "{}"


def _is_shown(node: ast.AST, *, schemas: bool) -> bool:
    match node:
        case ast.ClassDef():
            return schemas
        case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
            return any(_name_of(decorator) in SHOWN for decorator in decorators)
        case _:
            return False


def _name_of(decorator: ast.expr) -> str:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def main() -> int:
    """Check the project."""
    problems, count = check(ROOT, LIFTS)
    return report("words", problems, f"{count} modules")


if __name__ == "__main__":
    sys.exit(main())
