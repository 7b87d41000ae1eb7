"""What a statement of a store may say: one clock read in the agreed form, and tables by their full name."""

from __future__ import annotations

from collections.abc import Iterator

from tools.sql_tokens import Token, after_parens, key_at

SCHEMA = "taskflow"
SCHEMAS = {SCHEMA, "pg_catalog", "information_schema"}

POSTGRES_CLOCKS = {
    "now", "current_timestamp", "current_time", "current_date", "localtime", "localtimestamp",
    "statement_timestamp", "transaction_timestamp", "timeofday",
}  # fmt: skip
SQLITE_CLOCKS = {"current_timestamp", "current_time", "current_date"}
SQLITE_TIME_CALLS = {"unixepoch", "julianday", "datetime", "date", "time", "strftime"}

FROM_INSIDE_CALLS = {"extract", "substring", "trim", "overlay", "position"}
#: FOR UPDATE, FOR NO KEY UPDATE, ON CONFLICT DO UPDATE, ON UPDATE, SHARE UPDATE EXCLUSIVE
NOT_A_TARGET = {"for", "key", "do", "on", "share"}
BEFORE_TARGET = {"only", "lateral", "if", "not", "exists", "table"}
LIST_ENDS = {
    "where", "group", "order", "having", "window", "limit", "offset", "fetch", "for", "set", "returning",
    "union", "intersect", "except", "select", "values", "when",
}  # fmt: skip
STATEMENTS = {"select", "insert", "update", "delete", "merge", "values", "with", "table"}

#: The tables that only a fragment adds to, and that fragment.
SEAMS = {"taskflow_outcome": "end_job", "taskflow_ready": "arrive"}
#: On SQLite that fragment is the first of several statements: the function that runs them all is given the first.
STEPS = {"taskflow_outcome": "end_jobs", "taskflow_ready": "make_ready"}

Finding = tuple[int, str]


def postgres_clock(found: list[Token]) -> Iterator[Finding]:
    """Yield every clock but a single `(SELECT coalesce($n, clock_timestamp()))`.

    A bare clock in WHERE is a full scan, and two reads are two times.
    """
    reads = 0
    for index, token in enumerate(found):
        if token.kind == "word" and token.key in POSTGRES_CLOCKS and is_clock_word(found, index):
            yield (
                token.line,
                f"{token.text} is a bare clock: read `(SELECT coalesce($n, clock_timestamp()))` once",
            )
        elif token.kind == "string" and token.text.lower() == "'now'":
            yield token.line, "'now' is a bare clock: read `(SELECT coalesce($n, clock_timestamp()))` once"
        elif token.kind == "word" and token.key == "clock_timestamp":
            reads += 1
            if not is_agreed_read(found, index):
                yield token.line, "clock_timestamp() outside `(SELECT coalesce($n, clock_timestamp()))`"
            elif reads > 1:
                yield token.line, "clock_timestamp() is read twice: read it once, in a WITH, and join it"


def is_clock_word(found: list[Token], index: int) -> bool:
    """Tell the clock from a column, an alias or a CTE called `now`."""
    if key_at(found, index - 1) == ".":
        return False
    return found[index].key not in {"now", "statement_timestamp", "transaction_timestamp", "timeofday"} or (
        key_at(found, index + 1) == "(" and key_at(found, index + 2) == ")"
    )


def is_agreed_read(found: list[Token], index: int) -> bool:
    """Say whether clock_timestamp at `index` stands in `(SELECT coalesce($n[::type], clock_timestamp())`."""
    behind = [key_at(found, index + step) for step in (1, 2, 3)]
    if behind != ["(", ")", ")"] or key_at(found, index - 1) != ",":
        return False
    start = index - 2
    while start > 0 and (found[start].kind in ("word", "cast")):
        start -= 1
    if not (start >= 0 and found[start].kind == "param"):
        return False
    return [key_at(found, start - step) for step in (4, 3, 2, 1)] == ["(", "select", "coalesce", "("]


def sqlite_clock(found: list[Token]) -> Iterator[Finding]:
    """Yield every way to read a clock: on SQLite the time is always a bound parameter."""
    for index, token in enumerate(found):
        if token.kind == "string" and token.text.lower() == "'now'":
            yield token.line, "'now' reads a clock: bind the time as a parameter"
        if token.kind != "word" or key_at(found, index - 1) == ".":
            continue
        if token.key in SQLITE_CLOCKS:
            yield token.line, f"{token.text} reads a clock: bind the time as a parameter"
        elif token.key in SQLITE_TIME_CALLS and key_at(found, index + 1) == "(":
            inside = found[index + 2 : after_parens(found, index + 1) - 1]
            without_time = len(inside) == (1 if token.key == "strftime" else 0)
            if without_time:
                yield token.line, f"{token.text}() without a time reads a clock: bind the time as a parameter"


def unqualified_tables(found: list[Token]) -> Iterator[Finding]:
    """Yield every table that is not named with its schema, and every sequence or class name in a string."""
    ctes = cte_names(found)
    for index in target_indexes(found):
        path, end = dotted(found, index)
        call = key_at(found, end) == "(" and key_at(found, index - 1) not in ("into", "update")
        if len(path) > 1:
            if path[0] not in SCHEMAS:
                yield found[index].line, f"{'.'.join(path)} is outside the schema {SCHEMA}"
        elif not call and path[0] not in ctes and not path[0].startswith("pg_"):
            yield found[index].line, f"{path[0]} is not qualified: write {SCHEMA}.{path[0]}"
    for index, token in enumerate(found):
        named = key_at(found, index - 1) == "(" and key_at(found, index - 2) in (
            "nextval",
            "currval",
            "setval",
        )
        named |= key_at(found, index + 1) == "::" and key_at(found, index + 2) == "regclass"
        if token.kind == "string" and named and not token.text[1:].startswith((f"{SCHEMA}.", "pg_")):
            yield token.line, f"{token.text} is not qualified: write {SCHEMA}.…"


def cte_names(found: list[Token]) -> set[str]:
    """Return the names that WITH defines: `name [(columns)] AS [[NOT] MATERIALIZED] (SELECT …`."""
    names: set[str] = set()
    for index, token in enumerate(found):
        if not token.is_name or key_at(found, index - 1) not in ("with", "recursive", ","):
            continue
        after = index + 1
        if key_at(found, after) == "(":
            after = after_parens(found, after)
        if key_at(found, after) != "as":
            continue
        after += 1
        while key_at(found, after) in ("not", "materialized"):
            after += 1
        if key_at(found, after) == "(" and key_at(found, after + 1) in STATEMENTS:
            names.add(token.name)
    return names


def target_indexes(found: list[Token]) -> Iterator[int]:
    """Yield where a relation is named: behind FROM, JOIN, INTO and the like, and along a FROM list."""
    in_list = [False]  # one entry per open parenthesis: are we in the FROM list of that level?
    for index, token in enumerate(found):
        key = token.key
        if key == "(":
            in_list.append(False)
        elif key == ")" and len(in_list) > 1:
            in_list.pop()
        elif token.kind == "word" and key in LIST_ENDS:
            in_list[-1] = False
        opens = token.kind == "word" and opens_target(found, index)
        if opens and key in ("from", "using"):
            in_list[-1] = True
        if opens or (key == "," and in_list[-1]):
            target = index + 1
            while key_at(found, target) in BEFORE_TARGET:
                target += 1
            if target < len(found) and found[target].is_name:
                yield target


def opens_target(found: list[Token], index: int) -> bool:
    """Say whether the word at `index` is followed by a relation."""
    before = key_at(found, index - 1)
    match found[index].key:
        case "from":
            return not (before == "distinct" and key_at(found, index - 2) in ("is", "not")) and (
                enclosing_call(found, index) not in FROM_INSIDE_CALLS
            )
        case "update":
            return before not in NOT_A_TARGET
        case "join" | "into" | "using" | "truncate":
            return True
        case "table":
            return before in ("create", "drop", "alter", "lock", "unlogged", "truncate")
        case _:
            return False


def enclosing_call(found: list[Token], index: int) -> str:
    """Return the word before the parenthesis that `index` stands in, or ""."""
    depth = 0
    for position in range(index - 1, -1, -1):
        key = found[position].key
        depth += (key == ")") - (key == "(")
        if depth < 0:
            return key_at(found, position - 1)
    return ""


def dotted(found: list[Token], index: int) -> tuple[list[str], int]:
    """Return the parts of the dotted name at `index`, and the index behind it."""
    parts = [found[index].name]
    index += 1
    while key_at(found, index) == "." and index + 1 < len(found):
        parts.append(found[index + 1].name)
        index += 2
    return parts, index


def written(found: list[Token]) -> set[str]:
    """Return the tables that a statement writes, without the schema; if none, those that it locks rows of."""
    tables, locked = set(), set()
    for index in target_indexes(found):
        name = dotted(found, index)[0][-1].removeprefix(f"{SCHEMA}_")
        earlier, before = key_at(found, index - 2), key_at(found, index - 1)
        if before == "into" or (earlier, before) == ("delete", "from") or before == "update":
            tables.add(name)
        elif "for" in {token.key for token in found[index:]}:
            locked.add(name)
    return tables or locked


def seams(found: list[Token]) -> Iterator[Finding]:
    """Yield inserts that belong in one fragment: what must happen when a job ends or becomes ready is said there."""
    for line, table in inserts(found):
        if table in SEAMS:
            yield line, f"INSERT INTO {table} outside its fragment: write `-- include: {SEAMS[table]}`"


def inserts(found: list[Token]) -> Iterator[tuple[int, str]]:
    """Yield the tables that a statement adds rows to, each with the line that says so."""
    for index, token in enumerate(found):
        if token.key == "into" and key_at(found, index - 1) in ("insert", "ignore", "replace"):
            yield token.line, "_".join(dotted(found, index + 1)[0])
