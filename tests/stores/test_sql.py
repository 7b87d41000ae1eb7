"""Statements are put together from their files when the engine's package is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskflowmq.stores.common.sql import BadStatement, Statements, load
from taskflowmq.stores.postgres.queries import q

PART = "-- Ends the jobs of ending.\nWITH ending AS (SELECT 1)\n-- begin\n, ended AS (SELECT 2)\n-- end\nSELECT 3\n"


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_a_fragment_stands_where_it_is_included_without_what_makes_it_a_statement(tmp_path: Path) -> None:
    text = "-- Does it.\nWITH ending AS (SELECT 0)\n  -- include: end_job\nSELECT 4\n"
    assert load(write(tmp_path, queries__do_it=text, fragments__end_job=PART)) == {
        "do_it": "-- Does it.\nWITH ending AS (SELECT 0)\n, ended AS (SELECT 2)\nSELECT 4"
    }


def test_fragments_include_others_and_folders_may_have_folders(tmp_path: Path) -> None:
    outer = "-- The outer one.\n-- begin\n(\n-- include: inner\n)\n-- end\n"
    inner = "-- The inner one.\n-- begin\n1\n-- end\n"
    files = {"only__jobs__read_one": "SELECT\n-- include: outer", "fragments__outer": outer, "fragments__inner": inner}
    assert load(write(tmp_path, **files)) == {"read_one": "SELECT\n(\n1\n)"}


def test_parts_of_a_fragment_are_included_one_by_one(tmp_path: Path) -> None:
    lists = "-- Two lists.\nSELECT 1\n  -- begin: names\n  , a, b\n  -- end\n-- begin: values\n, 2, 3\n-- end\n"
    text = "INSERT INTO x (id\n  -- include: lists.names\n)\nSELECT 1\n-- include: lists.values\nFROM y"
    assert load(write(tmp_path, queries__do_it=text, fragments__lists=lists)) == {
        "do_it": "INSERT INTO x (id\n  , a, b\n)\nSELECT 1\n, 2, 3\nFROM y"
    }


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"queries__do_it": "-- include: nothing\n"}, "do_it includes nothing, which is not a fragment"),
        ({"queries__do_it": "-- include:\n"}, "do_it includes , which is not a fragment"),
        ({"fragments__part": "SELECT 1\n"}, "the fragment part has no lines `-- begin` and `-- end`"),
        (
            {"queries__do_it": "-- include: part\n", "fragments__part": "-- begin\n-- include: part\n-- end\n"},
            "the fragment part includes itself, in part in do_it",
        ),
        (
            {"queries__do_it": "-- include: part.b\n", "fragments__part": "-- begin: a\n1\n-- end\n"},
            "do_it includes part.b, which is not a fragment",
        ),
        (
            {"fragments__part": "-- begin: a\n1\n-- end\n-- begin: a\n2\n-- end\n"},
            "the fragment part.a begins twice",
        ),
        ({"queries__do_it": "SELECT 1", "only__do_it": "SELECT 2"}, "two statements are named do_it"),
        (
            {"queries__a__do_it": "SELECT 1", "queries__b__do_it": "SELECT 2"},
            "two files in queries are named do_it.sql",
        ),
    ],
)
def test_what_cannot_be_put_together_is_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(BadStatement) as error:
        load(write(tmp_path, **files))
    assert str(error.value) == message


def test_a_statement_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(AttributeError, match="there is no statement claim_nothing"):
        _ = q.claim_nothing
    assert vars(Statements("taskflowmq.stores.postgres")) == vars(q)
