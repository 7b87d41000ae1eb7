"""The check of functions lets safe ones pass and catches a mutant of every rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.check_functions import FUNCTIONS, MIGRATIONS, POSTGRES, UNPINNED, check, digest
from tools.problems import ROOT

from taskflowmq.stores.common.sql import load_folder

SAFE = """\
CREATE FUNCTION taskflow.late(at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$ BEGIN PERFORM at * 2; SET search_path = pg_catalog, pg_temp; END $$;
CREATE FUNCTION taskflow.early(at timestamptz) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '1s' SET search_path = pg_catalog, pg_temp AS $$ BEGIN NULL; END $$;
CREATE FUNCTION taskflow.bound(given json) RETURNS json
LANGUAGE sql IMMUTABLE
RETURN given;
ALTER FUNCTION taskflow.late(timestamptz) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION taskflow.late(timestamptz) FROM PUBLIC;
"""
MUTANTS = [
    ("SECURITY DEFINER SET search_path = pg_catalog, pg_temp", "SECURITY DEFINER", "late looks in its caller's path"),
    ("SET lock_timeout = '1s' SET search_path = pg_catalog, pg_temp", "SET lock_timeout = '1s'", "early looks in"),
    ("'1s' SET search_path = pg_catalog, pg_temp", "'1s' SET search_path = pg_catalog, public", "early looks in"),
    (
        "'1s' SET search_path = pg_catalog, pg_temp",
        "'1s' SET search_path = pg_catalog, pg_temp, public",
        "early looks in",
    ),
    (
        "'1s' SET search_path = pg_catalog, pg_temp",
        "'1s' SET search_path = taskflow, pg_catalog, pg_temp",
        "early looks",
    ),
    ("RETURN given", "AS $$ SELECT given $$", "bound looks in its caller's path"),
    ("REVOKE ALL ON FUNCTION taskflow.late(timestamptz) FROM PUBLIC", "SELECT 1", "late runs with its owner's rights"),
    ("FROM PUBLIC", "FROM somebody", "late runs with its owner's rights"),
]


def messages(root: Path, *migrations: str) -> list[str]:
    folder = root / MIGRATIONS
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(migrations, 1):
        (folder / f"{number:04}_x.sql").write_text(text)
    return [f"{problem.path}: {problem.message}" for problem in check(root, {})[0]]


def test_safe_functions_pass(tmp_path: Path) -> None:
    assert messages(tmp_path, SAFE) == []
    assert check(ROOT, UNPINNED)[0] == []


@pytest.mark.parametrize(("good", "bad", "message"), MUTANTS)
def test_mutants_are_caught(tmp_path: Path, good: str, bad: str, message: str) -> None:
    assert SAFE.count(good) == 1
    (found,) = messages(tmp_path, SAFE.replace(good, bad))
    assert message in found


def test_what_is_made_again_must_be_pinned_again(tmp_path: Path) -> None:
    again = "CREATE OR REPLACE FUNCTION taskflow.early(at timestamptz) RETURNS void LANGUAGE plpgsql AS $$BEGIN END$$;"
    (found,) = messages(tmp_path, SAFE, again)
    assert found.startswith(f"{MIGRATIONS.as_posix()}/0002_x.sql: the function early looks")


def test_a_lift_that_nothing_needs_is_a_problem(tmp_path: Path) -> None:
    messages(tmp_path, SAFE)
    assert len(check(tmp_path, {"early:path": "no reason any more"})[0]) == 1


FILE = """\
-- Ends what is late for good.
CREATE OR REPLACE FUNCTION taskflow.late(at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE taskflow.job SET late = at;
END $$;
REVOKE ALL ON FUNCTION taskflow.late(timestamptz) FROM PUBLIC;
"""


def file_messages(root: Path, text: str, migration: str = "") -> list[str]:
    """Return what is said of a function's file, with a migration that states its digest unless one is given."""
    for folder in (MIGRATIONS, FUNCTIONS):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / FUNCTIONS / "late.sql").write_text(text)
    stated = digest(load_folder(root / POSTGRES, "functions"))
    (root / MIGRATIONS / "0011_x.sql").write_text(migration or f"SELECT 1;\n-- functions: {stated}\n")
    return [f"{problem.rule}: {problem.message}" for problem in check(root, {})[0]]


def test_a_good_file_of_a_function_passes(tmp_path: Path) -> None:
    assert file_messages(tmp_path, FILE) == []


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("-- Ends", "/* Ends */ --", "comment: the first line must be"),
        (
            "taskflow.late(at timestamptz) RETURNS",
            "taskflow.early(at timestamptz) RETURNS",
            "file: it must begin with",
        ),
        ("CREATE OR REPLACE", "CREATE", "file: it must begin with CREATE OR REPLACE FUNCTION taskflow.late"),
        ("REVOKE ALL", "DROP FUNCTION taskflow.early;\nREVOKE ALL", "file: behind the function there is only"),
        ("REVOKE ALL ON FUNCTION taskflow.late(timestamptz) FROM PUBLIC;\n", "", "public: the function late runs"),
        (" SET search_path = pg_catalog, pg_temp", "", "path: the function late looks in its caller's path"),
        ("UPDATE taskflow.job SET late = at", "INSERT INTO taskflow.ready (seq) VALUES (1)", "seam: INSERT INTO"),
    ],
)
def test_mutants_of_a_file_are_caught(tmp_path: Path, good: str, bad: str, said: str) -> None:
    assert FILE.count(good) == 1
    found = file_messages(tmp_path, FILE.replace(good, bad))
    assert any(line.startswith(said) for line in found), found


def test_a_function_that_changes_comes_with_a_migration(tmp_path: Path) -> None:
    (found,) = file_messages(tmp_path, FILE, "SELECT 1;\n-- functions: 0123456789abcdef\n")
    assert found.startswith("digest: the functions are no longer those of `-- functions: 0123456789abcdef`")


def test_migrations_make_no_functions_any_more(tmp_path: Path) -> None:
    (found,) = file_messages(tmp_path, FILE, f"{FILE}\n-- functions: {digest({'late': FILE.strip()})}\n")
    assert found == "file: a migration makes no function: it is a file in functions/"
