"""The check of functions lets safe ones pass and catches a mutant of every rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.check_functions import MIGRATIONS, UNPINNED, check
from tools.problems import ROOT

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
