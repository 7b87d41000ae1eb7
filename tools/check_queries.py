"""Keep the SQL of the two stores alike, readable and safe.

Every statement is a file, `stores/<engine>/queries/<subject>/<verb>_<noun>.sql`, and both engines have the
same files; what only one engine needs lies in its `only/` folder. A file holds one statement, below a comment
that says what it does. What statements share is a fragment, `stores/<engine>/fragments/<name>.sql`, which is a
statement by itself. The code names statements that exist, and every statement is named.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.problems import ROOT, Problem, relative, report
from tools.sql_rules import STEPS, inserts, postgres_clock, seams, sqlite_clock, unqualified_tables, written
from tools.sql_tokens import Token, statements, tokens
from tools.sql_uses import uses

from taskflowmq.stores.common.sql import BadStatement, expand, read_fragments

STORES = Path("src/taskflowmq/stores")
ENGINES = ("sqlite", "postgres")
NAME = re.compile(r"[a-z]+(_[a-z0-9]+)+")
INCLUDE = re.compile(r"-- include:\s*(\S+)")
FRAGMENT = re.compile(r"[a-z]+(_[a-z0-9]+)*")
COMMENT = re.compile(r"--\s*\w+(\W+\w+){2,}")  # three words at least

VERBS = frozenset(
    """
    abandon acquire add admit advance announce append apply beat begin bump cancel check claim clear close
    complete compute count create delete detach discard drain draw drop empty end enqueue ensure estimate
    expire extend fail fetch find finish forget free get give grow hand hold insert keep list load
    lock look make mark measure merge move note notify open park partition pause peek ping place probe prune
    publish purge put raise read recompute record redrive refresh register relay release remove renew
    replace replay request rescue reserve reset resolve restore resume retire retry return roll sample
    save see seed select set settle skip snooze split stage start stop store sum sweep switch take test
    touch trim unlock unpark update upsert vacuum verify wait wake write
    """.split()
)


def check(root: Path) -> tuple[list[Problem], int]:
    """Return what is wrong with the queries below `root`, and how many there are."""
    problems: list[Problem] = []
    shared: dict[str, dict[str, Path]] = {}
    only: dict[str, dict[str, Path]] = {}
    texts: dict[str, dict[str, str]] = {}
    for engine in ENGINES:
        shared[engine] = sql_files(root / STORES / engine / "queries")
        only[engine] = sql_files(root / STORES / engine / "only")
        fragments, found = good_fragments(root / STORES / engine, root)
        problems.extend(found)
        for path in [*shared[engine].values(), *only[engine].values()]:
            problems.extend(check_query(path, engine, fragments, root))
        for path in sorted((root / STORES / engine).rglob("*.sql")):
            problems.extend(check_plain(path, root))
        problems.extend(check_migrations(engine, root))
        problems.extend(check_fragments(engine, root))
        problems.extend(check_uses(engine, {**shared[engine], **only[engine]}, root))
        if engine == "sqlite":
            problems.extend(check_steps(engine, {**shared[engine], **only[engine]}, fragments, root))
        texts[engine] = {name: whole_text(path, fragments) for name, path in shared[engine].items()}
    problems.extend(check_names(shared, only, root))
    problems.extend(check_contracts(shared["postgres"], texts, root))
    return problems, sum(len(files) for names in (shared, only) for files in names.values())


def sql_files(folder: Path) -> dict[str, Path]:
    """Return the statements of a folder by name; the name keeps its subfolder."""
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.sql"))}


def check_names(shared: dict[str, dict[str, Path]], only: dict[str, dict[str, Path]], root: Path) -> Iterator[Problem]:
    """Yield the queries that one engine lacks, and those in `only/` that are elsewhere too."""
    for engine, other in (ENGINES, ENGINES[::-1]):
        for name in sorted(shared[engine].keys() - shared[other].keys()):
            path = relative(shared[engine][name], root)
            yield Problem(path, 1, "pair", f"{other}/queries has no {name}.sql")
        for file in only[engine].values():
            folders = {
                f"{other}/queries": shared[other],
                f"{other}/only": only[other],
                f"{engine}/queries": shared[engine],
            }
            for folder, files in folders.items():
                if file.stem in {path.stem for path in files.values()}:
                    message = f"{folder} has {file.stem}.sql too: what both have belongs in queries/ of both"
                    yield Problem(relative(file, root), 1, "only", message)


def whole_text(path: Path, fragments: dict[str, str]) -> str:
    """Return a statement with its fragments, or without them where they cannot be read."""
    text = path.read_text(encoding="utf-8")
    try:
        return expand(text, fragments, path.stem)
    except BadStatement:
        return text


def check_contracts(files: dict[str, Path], texts: dict[str, dict[str, str]], root: Path) -> Iterator[Problem]:
    """Yield statements that write and do not write the same on both engines, or say it in other words.

    A reader of one engine takes the other's statement of that name for the same.
    """
    for name in sorted(texts["postgres"].keys() & texts["sqlite"].keys()):
        ours, theirs = (texts[engine][name] for engine in ("postgres", "sqlite"))
        tables = [written(tokens(text)) for text in (ours, theirs)]
        path = relative(files[name], root)
        if tables[0] != tables[1]:
            here, there = (", ".join(sorted(found)) or "nothing" for found in tables)
            message = f"it writes {here} and {there} on SQLite: give them names of their own, in only/"
            yield Problem(path, 1, "contract", message)
        elif tables[0] and ours.partition("\n")[0] != theirs.partition("\n")[0]:
            message = "its first line says what it writes, in the same words on both engines"
            yield Problem(path, 1, "contract", message)


def check_migrations(engine: str, root: Path) -> Iterator[Problem]:
    """Yield migrations whose number is taken or leaves a gap: of two with one number, a new store has the first only.

    It happens when two branches each take the next number and both are merged.
    """
    for expected, path in enumerate(sorted((root / STORES / engine / "migrations").glob("*.sql")), 1):
        number = path.stem.partition("_")[0]
        name = relative(path, root)
        if number != f"{expected:04}":
            yield Problem(name, 1, "migration", f"{number} is not the next number: name it {expected:04}_…")
        stored = re.search(r"schema_version\s*=\s*(\d+)", path.read_text(encoding="utf-8"))
        if stored is not None and int(stored[1]) != expected:
            yield Problem(name, 1, "migration", f"it stores schema_version {stored[1]}, not {expected}")


def check_plain(path: Path, root: Path) -> Iterator[Problem]:
    """Yield lines that are not plain ASCII: a server of another encoding refuses a statement for its comment."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.isascii():
            odd = next(char for char in line if not char.isascii())
            message = f"{odd!r} is not plain ASCII: a database of another encoding refuses the statement"
            yield Problem(relative(path, root), number, "ascii", message)


def good_fragments(folder: Path, root: Path) -> tuple[dict[str, str], list[Problem]]:
    """Return the fragments of an engine, and what keeps them from being read."""
    try:
        return read_fragments(folder), []
    except BadStatement as error:
        return {}, [Problem(relative(folder, root), 1, "fragment", str(error))]


def check_fragments(engine: str, root: Path) -> Iterator[Problem]:
    """Yield what is wrong with the fragments of an engine, each of which is a statement by itself."""
    folder = root / STORES / engine
    used = {name for path in folder.rglob("*.sql") for name in INCLUDE.findall(path.read_text(encoding="utf-8"))}
    known, _ = good_fragments(folder, root)
    for path in sql_files(folder / "fragments").values():
        name = relative(path, root)
        text = path.read_text(encoding="utf-8")
        if not FRAGMENT.fullmatch(path.stem):
            yield Problem(name, 1, "name", f"{path.stem} is not in lower case")
        for part in sorted(part for part in known if part.partition(".")[0] == path.stem and part not in used):
            yield Problem(name, 1, "fragment", f"no statement includes {part}")
        yield from check_text(text, name)
        for line, message in findings(tokens(text), engine):
            yield Problem(name, line, "sql", message)


def check_uses(engine: str, known: dict[str, Path], root: Path) -> Iterator[Problem]:
    """Yield statements that the code names and that do not exist, and those that it does not name."""
    named = {path.stem: path for path in known.values()}
    seen = list(uses(root / STORES / engine))
    for use in seen:
        if use.name is None:
            message = "the name of a statement must be written here, so that it can be checked"
            yield Problem(relative(use.path, root), use.line, "use", message)
        elif use.name not in named:
            yield Problem(relative(use.path, root), use.line, "use", f"{engine} has no statement {use.name}")
    if seen:
        for name in sorted(named.keys() - {use.name for use in seen}):
            yield Problem(relative(named[name], root), 1, "use", f"no code names the statement {name}")


def check_steps(engine: str, known: dict[str, Path], fragments: dict[str, str], root: Path) -> Iterator[Problem]:
    """Yield statements that end jobs or make them ready and are run without what must happen with it."""
    functions: dict[str, set[str]] = {}
    for path in known.values():
        tables = {table for _, table in inserts(tokens(whole_text(path, fragments)))}
        functions[path.stem] = {STEPS[table] for table in tables & STEPS.keys()}
    for use in uses(root / STORES / engine):
        for function in sorted(functions.get(use.name or "", set()) - set(use.calls)):
            message = f"give {use.name} to {function}(...), which does what else must happen then"
            yield Problem(relative(use.path, root), use.line, "steps", message)


def check_text(text: str, name: str) -> Iterator[Problem]:
    """Yield what is wrong with a file of SQL that must be one statement below a comment."""
    if not COMMENT.match(text.partition("\n")[0]):
        yield Problem(name, 1, "comment", "the first line must be a `--` comment that says what the statement does")
    if (count := statements(tokens(text))) != 1:
        yield Problem(name, 1, "statement", f"{count} statements, not one")


def check_query(path: Path, engine: str, fragments: dict[str, str], root: Path) -> Iterator[Problem]:
    """Yield what is wrong with one statement file, as it is and with its fragments."""
    name = relative(path, root)
    text = path.read_text(encoding="utf-8")
    if not NAME.fullmatch(path.stem):
        yield Problem(name, 1, "name", f"{path.stem} is not verb_noun in lower case")
    elif path.stem.split("_", 1)[0] not in VERBS:
        yield Problem(name, 1, "name", f"{path.stem} does not start with a verb; if it does, add it to VERBS")
    yield from check_text(text, name)
    for line, message in seams(tokens(text)):
        yield Problem(name, line, "sql", message)
    try:
        whole = expand(text, fragments, path.stem)
    except BadStatement as error:
        yield Problem(name, 1, "include", str(error))
        return
    if (count := statements(tokens(whole))) != statements(tokens(text)):
        yield Problem(name, 1, "include", f"with its fragments it is {count} statements, not one")
    lines = {message: line for line, message in findings(tokens(text), engine)}
    for message in {message: None for _, message in findings(tokens(whole), engine)}:
        if message in lines:
            yield Problem(name, lines[message], "sql", message)
        else:
            yield Problem(name, 1, "include", f"with its fragments: {message}")


def findings(found: list[Token], engine: str) -> Iterator[tuple[int, str]]:
    """Yield what the rules of the engine say about a statement."""
    for token in found:
        if token.kind == "mark" and token.text in "'\"`":
            yield token.line, "a quote that is never closed"
    if engine == "postgres":
        yield from postgres_clock(found)
        yield from unqualified_tables(found)
    else:
        yield from sqlite_clock(found)


def main() -> int:
    """Check the project."""
    problems, count = check(ROOT)
    return report("queries", problems, f"{count} statements")


if __name__ == "__main__":
    sys.exit(main())
