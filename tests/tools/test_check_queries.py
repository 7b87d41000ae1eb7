"""The query check lets good statements pass and catches a mutant of every rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.check_queries import STORES, check
from tools.sql_rules import written
from tools.sql_tokens import statements, tokens

POSTGRES = """\
-- Claims ready jobs: the work of one line.
WITH clock AS (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
     due AS MATERIALIZED (
        DELETE FROM taskflow.running r
        USING clock, unnest($2::uuid[], $3::int[]) AS given (id, n)
        WHERE r.job_id = given.id AND r.seq IS DISTINCT FROM given.n
          AND extract(epoch FROM clock.now) > 0
        RETURNING r.*
     )
INSERT INTO taskflow.running AS target (job_id)
SELECT d.job_id
FROM due AS d
JOIN LATERAL (
    SELECT j.id FROM taskflow.job j, ONLY taskflow.task t WHERE j.id = d.job_id FOR NO KEY UPDATE
) AS j USING (id)
CROSS JOIN pg_stat_activity
ON CONFLICT (job_id) DO UPDATE SET job_id = excluded.job_id -- ; now()
RETURNING job_id, 'from nowhere; now()', $$ from t $$, nextval('taskflow.seq'), now;
"""
SQLITE = """\
-- Claims ready jobs: the work of one line.
INSERT INTO running (job_id, started_at, day)
SELECT job_id, :now, strftime('%Y', :now, 'unixepoch') FROM ready WHERE due_at <= :now AND unixepoch(at) > 1
"""


def messages(root: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        file = root / STORES / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return [f"{problem.rule}: {problem.message}" for problem in check(root)[0]]


def pair(name: str = "claim_jobs", *, sqlite: str = SQLITE, postgres: str = POSTGRES) -> dict[str, str]:
    return {f"sqlite/queries/{name}.sql": sqlite, f"postgres/queries/{name}.sql": postgres}


def test_good_statements_pass(tmp_path: Path) -> None:
    files = {**pair(), "sqlite/only/vacuum_store.sql": SQLITE, "postgres/only/lock_store.sql": POSTGRES}
    assert messages(tmp_path, files) == []
    assert check(tmp_path)[1] == 4


POSTGRES_MUTANTS = [
    ("WITH clock", "SELECT 1; WITH clock", "2 statements"),
    (
        "(SELECT coalesce($1::timestamptz, clock_timestamp()) AS now)",
        "(SELECT now() AS now)",
        "now is a bare clock",
    ),
    (
        "(SELECT coalesce($1::timestamptz, clock_timestamp()) AS now)",
        "(SELECT clock_timestamp() AS now)",
        "outside",
    ),
    ("(epoch FROM clock.now) > 0", "(epoch FROM clock_timestamp()) > 0", "outside"),
    ("> 0", "> (SELECT coalesce($1, clock_timestamp()))", "read twice"),
    ("> 0", "> CURRENT_TIMESTAMP", "bare clock"),
    ("> 0", "> 'now'::timestamptz", "bare clock"),
    ("DELETE FROM taskflow.running", "DELETE FROM running", "running is not qualified"),
    ("USING clock,", "USING clock, queue,", "queue is not qualified"),
    ("INTO taskflow.running", "INTO running", "running is not qualified"),
    ("INTO taskflow.running", "INTO public.running", "public.running is outside the schema"),
    ("taskflow.job j", "job j", "job is not qualified"),
    ("ONLY taskflow.task", "ONLY task", "task is not qualified"),
    ("FROM due AS d", "FROM dew AS d", "dew is not qualified"),
    ("nextval('taskflow.seq')", "nextval('seq')", "'seq' is not qualified"),
    ("'from nowhere; now()'", "'from nowhere", "a quote that is never closed"),
]


@pytest.mark.parametrize(("good", "bad", "message"), POSTGRES_MUTANTS)
def test_mutants_of_a_postgres_statement_are_caught(tmp_path: Path, good: str, bad: str, message: str) -> None:
    assert POSTGRES.count(good) == 1
    found = messages(tmp_path, pair(postgres=POSTGRES.replace(good, bad)))
    assert any(message in line for line in found), found


@pytest.mark.parametrize(
    "name",
    ["postgres/queries/claim_jobs", "postgres/only/x", "postgres/migrations/0001_x", "sqlite/queries/claim_jobs"],
)
def test_what_is_not_plain_ascii_is_caught_even_in_a_comment(tmp_path: Path, name: str) -> None:
    text = (SQLITE if name.startswith("sqlite") else POSTGRES).replace("the work", "… the work")
    found = messages(tmp_path, {**pair(), f"{name}.sql": text})
    assert [line for line in found if line.startswith("ascii")] == [
        "ascii: '…' is not plain ASCII: a database of another encoding refuses the statement"
    ]


def test_a_lock_mode_is_no_table(tmp_path: Path) -> None:
    lock = "-- Lets one program in at a time.\nLOCK TABLE taskflow.job IN SHARE UPDATE EXCLUSIVE MODE\n"
    assert messages(tmp_path, {**pair(), "postgres/only/lock_jobs.sql": lock}) == []
    found = messages(tmp_path, {**pair(), "postgres/only/lock_jobs.sql": lock.replace("taskflow.", "")})
    assert found == ["sql: job is not qualified: write taskflow.job"]


SQLITE_MUTANTS = [
    (":now, strftime", "CURRENT_TIMESTAMP, strftime", "CURRENT_TIMESTAMP reads a clock"),
    ("strftime('%Y', :now, 'unixepoch')", "strftime('%Y', 'now')", "'now' reads a clock"),
    ("strftime('%Y', :now, 'unixepoch')", "strftime('%Y')", "strftime() without a time"),
    ("unixepoch(at)", "unixepoch()", "unixepoch() without a time"),
    ("unixepoch(at)", "datetime('NOW')", "'now' reads a clock"),
    ("unixepoch(at) > 1", "1 = 1; DELETE FROM ready", "2 statements"),
]


@pytest.mark.parametrize(("good", "bad", "message"), SQLITE_MUTANTS)
def test_mutants_of_a_sqlite_statement_are_caught(tmp_path: Path, good: str, bad: str, message: str) -> None:
    assert SQLITE.count(good) == 1
    found = messages(tmp_path, pair(sqlite=SQLITE.replace(good, bad)))
    assert any(message in line for line in found), found


@pytest.mark.parametrize(
    "bad", ["", "SELECT 1", "--\nSELECT 1", "-- todo\nSELECT 1", "\n-- Claims ready jobs.\nSELECT 1"]
)
def test_the_first_line_says_what_a_statement_does(tmp_path: Path, bad: str) -> None:
    assert any(line.startswith("comment:") for line in messages(tmp_path, pair(sqlite=bad)))


def test_an_empty_file_is_no_statement(tmp_path: Path) -> None:
    files = {"sqlite/only/wait_here.sql": "-- Does nothing at all.\n;"}
    assert messages(tmp_path, files) == ["statement: 0 statements, not one"]


@pytest.mark.parametrize("name", ["claim", "claimJobs", "Claim_jobs", "jobs_claim", "claim-jobs"])
def test_names_are_verb_noun(tmp_path: Path, name: str) -> None:
    assert [line.split(":")[0] for line in messages(tmp_path, pair(name))] == ["name", "name"]


def test_both_engines_have_the_same_queries(tmp_path: Path) -> None:
    files = {**pair(), "sqlite/queries/park_jobs.sql": SQLITE}
    assert messages(tmp_path, files) == ["pair: postgres/queries has no park_jobs.sql"]


@pytest.mark.parametrize("folder", ["sqlite/queries", "postgres/queries", "postgres/only"])
def test_only_means_only(tmp_path: Path, folder: str) -> None:
    found = messages(
        tmp_path, {**pair(), "sqlite/only/claim_jobs.sql": SQLITE, "postgres/only/claim_jobs.sql": POSTGRES}
    )
    assert any(line.startswith(f"only: {folder} has claim_jobs.sql too") for line in found), found


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("", 0),
        ("-- a; b\n;;", 0),
        ("select ';' /* ; */; -- ;", 1),
        ("select $a$ ; $b$ ; $a$, E'\\'; ', \"a;\"\"b\", 'it''s;'", 1),
        ("select $1; select ?2", 2),
    ],
)
def test_statements_are_counted_outside_of_quotes_and_comments(sql: str, count: int) -> None:
    assert statements(tokens(sql)) == count


def test_migrations_are_numbered_without_a_double_or_a_gap(tmp_path: Path) -> None:
    said = messages(
        tmp_path,
        {
            "postgres/migrations/0001_initial.sql": "CREATE SCHEMA taskflow;\n",
            "postgres/migrations/0002_bounds.sql": "UPDATE taskflow.store SET schema_version = 2;\n",
            "postgres/migrations/0002_options.sql": "UPDATE taskflow.store SET schema_version = 2;\n",
            "sqlite/migrations/0001_initial.sql": "",
            "sqlite/migrations/0003_options.sql": "",
        },
    )
    assert said == [
        "migration: 0003 is not the next number: name it 0002_…",
        "migration: 0002 is not the next number: name it 0003_…",
        "migration: it stores schema_version 2, not 3",
    ]


FRAGMENT = "-- Claims what is due now.\nWITH due AS (SELECT 1)\n-- begin\n, gone AS (SELECT 2)\n-- end\nSELECT 3\n"
INCLUDING = SQLITE.replace("INSERT INTO running", "WITH due AS (SELECT 1)\n-- include: gone\nINSERT INTO running")


def test_fragments_pass_and_their_ctes_are_known_to_what_includes_them(tmp_path: Path) -> None:
    text = POSTGRES.replace("     )\nINSERT", "     )\n-- include: gone\nINSERT")
    postgres = FRAGMENT.replace("SELECT 2", "SELECT 2 FROM due")
    files = {"postgres/fragments/gone.sql": postgres, "sqlite/fragments/gone.sql": FRAGMENT}
    assert messages(tmp_path, {**pair(sqlite=INCLUDING, postgres=text), **files}) == []


@pytest.mark.parametrize(
    ("fragments", "said"),
    [
        ({}, ["include: claim_jobs includes gone, which is not a fragment"]),
        ({"gone": FRAGMENT.replace("2)", "2); SELECT 4")}, ["statement: 2 statements, not one"]),
        ({"gone": FRAGMENT.replace("2)", "date())")}, ["sql: date() without a time reads a clock"]),
        ({"gone": FRAGMENT.replace("-- Claims", "/* Claims")}, ["comment: the first line must be"]),
        ({"gone": FRAGMENT.replace("-- end\n", "")}, ["fragment: the fragment gone has no lines"]),
        ({"gone": FRAGMENT, "other": FRAGMENT}, ["fragment: no statement includes other"]),
        ({"gone": FRAGMENT, "Other": FRAGMENT}, ["name: Other is not in lower case"]),
        (
            {"gone": FRAGMENT, "lists": FRAGMENT.replace("begin", "begin: a")},
            ["fragment: no statement includes lists.a"],
        ),
    ],
)
def test_mutants_of_a_fragment_are_caught(tmp_path: Path, fragments: dict[str, str], said: list[str]) -> None:
    files = {f"sqlite/fragments/{name}.sql": text for name, text in fragments.items()}
    found = messages(tmp_path, {**pair(sqlite=INCLUDING), **files})
    for start in said:
        assert any(line.startswith(start) for line in found), found


def test_clocks_of_a_statement_and_of_its_fragment_are_two(tmp_path: Path) -> None:
    text = POSTGRES.replace("     )\nINSERT", "     )\n-- include: again\nINSERT")
    clock = FRAGMENT.replace("SELECT 2", "SELECT (SELECT coalesce($1, clock_timestamp()))")
    found = messages(tmp_path, {**pair(postgres=text), "postgres/fragments/again.sql": clock})
    assert any("include: with its fragments: clock_timestamp() is read twice" in line for line in found), found


@pytest.mark.parametrize(
    ("engine", "insert", "fragment"),
    [
        ("postgres", "INSERT INTO taskflow.outcome (job_id) SELECT 1", "end_job"),
        ("postgres", "insert into taskflow . ready (job_id) SELECT 1", "arrive"),
        ("sqlite", "INSERT INTO taskflow_outcome (job_id) SELECT 1", "end_job"),
        ("sqlite", "INSERT OR IGNORE INTO taskflow_ready (job_id) SELECT 1", "arrive"),
    ],
)
def test_jobs_end_and_become_ready_in_one_fragment(tmp_path: Path, engine: str, insert: str, fragment: str) -> None:
    text = f"-- Does what a fragment does.\n{insert}\n"
    found = messages(tmp_path, {**pair(), f"{engine}/only/end_now.sql": text})
    assert len(found) == 1
    assert found[0].endswith(f"outside its fragment: write `-- include: {fragment}`")


END = "-- Ends jobs of a batch.\n-- include: end_job\nSELECT 1\n"
END_JOB = "-- Ends jobs it is given.\n-- begin\nINSERT INTO taskflow_outcome (job_id)\n-- end\nSELECT 2\n"


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("end_jobs(Step(q.end_now, params), q.delete_ready, ids)", []),
        ("Step(q.end_now, params)", [1]),
        ("make_ready(q.end_now, ids)", [1]),
        ("self.end_jobs(q.end_now)", [1]),
        ("STATEMENTS = {\n  READY: q.end_now,\n}\nend_jobs(STATEMENTS[READY], q.delete_ready, ids)", [2]),
    ],
)
def test_on_sqlite_jobs_end_in_one_function(tmp_path: Path, code: str, refused: list[int]) -> None:
    (tmp_path / STORES / "sqlite").mkdir(parents=True)
    (tmp_path / STORES / "sqlite" / "jobs.py").write_text(code)
    files = {"only/end_now": END, "only/delete_ready": SQLITE, "fragments/end_job": END_JOB}
    messages(tmp_path, {**pair(), **{f"sqlite/{name}.sql": text for name, text in files.items()}})
    found = [problem for problem in check(tmp_path)[0] if problem.rule == "steps"]
    assert [problem.line for problem in found] == refused
    assert {problem.message for problem in found} <= {
        "give end_now to end_jobs(...), which does what else must happen then"
    }


def test_on_sqlite_jobs_become_ready_in_one_function(tmp_path: Path) -> None:
    arrive = END_JOB.replace("outcome", "ready")
    files = {"only/place_now": END.replace("end_job", "arrive"), "fragments/arrive": arrive}
    (tmp_path / STORES / "sqlite").mkdir(parents=True)
    (tmp_path / STORES / "sqlite" / "jobs.py").write_text("conn.execute(q.place_now)\nmake_ready(q.place_now, ids)")
    found = messages(tmp_path, {**pair(), **{f"sqlite/{name}.sql": text for name, text in files.items()}})
    assert [line for line in found if line.startswith("steps")] == [
        "steps: give place_now to make_ready(...), which does what else must happen then"
    ]


def test_names_in_code_are_those_of_statements(tmp_path: Path) -> None:
    code = "run(q.claim_jobs if late else q.claim_late, getattr(q, name))"
    files = {**pair(), "sqlite/only/wait_jobs.sql": SQLITE, "sqlite/claims.py": code}
    assert sorted(messages(tmp_path, files)) == [
        "use: no code names the statement wait_jobs",
        "use: sqlite has no statement claim_late",
        "use: the name of a statement must be written here, so that it can be checked",
    ]


WRITES = {
    "postgres": "-- Ends a worker for good.\nUPDATE taskflow.worker SET ended_at = $1 WHERE id = $2\n",
    "sqlite": "-- Ends a worker for good.\n-- A detail.\nUPDATE taskflow_worker SET ended_at = :now WHERE id = :id\n",
}


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("A detail.", "Another detail.", []),
        ("for good", "for ever", ["its first line says what it writes, in the same words on both engines"]),
        (
            "UPDATE taskflow_worker SET",
            "UPDATE taskflow_running SET",
            ["it writes worker and running on SQLite: give them names of their own, in only/"],
        ),
        (
            "UPDATE taskflow_worker SET ended_at = :now",
            "SELECT 1 FROM taskflow_worker",
            ["it writes worker and nothing on SQLite: give them names of their own, in only/"],
        ),
    ],
)
def test_a_name_of_both_engines_is_one_contract(tmp_path: Path, good: str, bad: str, said: list[str]) -> None:
    assert WRITES["sqlite"].count(good) == 1
    text = WRITES["sqlite"].replace(good, bad)
    found = messages(tmp_path, pair("end_worker", sqlite=text, postgres=WRITES["postgres"]))
    assert found == [f"contract: {message}" for message in said]


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT a FROM taskflow.job", set()),
        ("SELECT a FROM taskflow.store WHERE id = 1 FOR KEY SHARE", {"store"}),
        (
            "WITH g AS (DELETE FROM taskflow.ready RETURNING a) INSERT INTO taskflow.job SELECT a FROM g",
            {"ready", "job"},
        ),
        ("INSERT INTO taskflow_duty (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1", {"duty"}),
        ("UPDATE taskflow.task SET a = 1 WHERE id IN (SELECT id FROM taskflow.lane FOR NO KEY UPDATE)", {"task"}),
    ],
)
def test_what_a_statement_writes(sql: str, tables: set[str]) -> None:
    assert written(tokens(sql)) == tables
