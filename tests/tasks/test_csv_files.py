"""`csv-export`: rows and named queries; S26: no cell comes back as a formula."""

import asyncio
import csv
import datetime as dt
import io
import json
import sqlite3
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskflowmq.core.csv_cells import cell
from taskflowmq.tasks import csv_sources
from taskflowmq.tasks.csv_files import CsvTable, csv_export
from taskflowmq.tasks.errors import InvalidInput, PermanentFailure, SettingsError

TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "=", "+", "-", "@")


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def use_source(monkeypatch: pytest.MonkeyPatch, url: str, query: str) -> None:
    monkeypatch.setenv("TASKFLOW_CSV_SOURCES", json.dumps({"it": {"url": url, "query": query}}))


def test_objects(files_dir: Path) -> None:
    rows: list[Any] = [
        {"a": 1, "b": "x,y"},
        {"b": 'say "hi"\nthere', "c": None},
        {"a": True, "d": {"k": [1]}},
    ]
    result = csv_export("out/t.csv", rows)
    path = files_dir / "exports" / "out" / "t.csv"
    assert result == {"path": "exports/out/t.csv", "rows": 3, "bytes": path.stat().st_size}
    assert read(path) == [
        ["a", "b", "c", "d"],
        ["1", "x,y", "", ""],
        ["", 'say "hi"\nthere', "", ""],
        ["true", "", "", '{"k": [1]}'],
    ]
    assert path.read_bytes().startswith(b'"a","b","c","d"\r\n1,"x,y",""')


def test_columns_select_and_order(files_dir: Path) -> None:
    csv_export("t.csv", [{"a": 1, "b": 2, "c": 3}, {"c": 4}], columns=["c", "a"])
    assert read(files_dir / "exports" / "t.csv") == [["c", "a"], ["3", "1"], ["4", ""]]
    with pytest.raises(InvalidInput, match="'z' is not a column"):
        csv_export("t.csv", [{"a": 1}], columns=["z"])


def test_lists(files_dir: Path) -> None:
    path = files_dir / "exports" / "t.csv"
    csv_export("t.csv", [[1, "a"], [2, "b"]], columns=["n", "s"])
    assert read(path) == [["n", "s"], ["1", "a"], ["2", "b"]]
    csv_export("t.csv", [[1, "a"], [2]])
    assert read(path) == [["1", "a"], ["2"]]


def test_no_rows(files_dir: Path) -> None:
    assert csv_export("t.csv", []) == {"path": "exports/t.csv", "rows": 0, "bytes": 0}
    csv_export("t.CSV", [], columns=["a", "b"])
    assert read(files_dir / "exports" / "t.CSV") == [["a", "b"]]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({}, "exactly one"),
        ({"rows": [], "source": "it"}, "exactly one"),
        ({"filename": "t.txt", "rows": []}, r"end in \.csv"),
        ({"filename": "../t.csv", "rows": []}, "file name"),
        ({"filename": "/t.csv", "rows": []}, "file name"),
        ({"rows": [{}, []]}, r"rows\[1\]"),
        ({"rows": [[1], [1, 2]], "columns": ["a"]}, r"rows\[1\] has 2"),
        ({"rows": [], "columns": []}, "columns"),
        ({"rows": [], "columns": ["a", "a"]}, "twice"),
        ({"source": "unknown"}, "no source 'unknown'"),
    ],
)
def test_bad_arguments_write_nothing(files_dir: Path, arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(PermanentFailure, match=match):
        csv_export(**{"filename": "t.csv", **arguments})
    assert [path for path in files_dir.rglob("*") if path.is_file()] == []


DANGEROUS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", " \t =1", "\u00a0=1", "\ufeff=1",
    "\u200b@x",
    "\x00=1", "\x1b=1", "\u3000=1", "=1", "+1", "-1", "@x", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x")',
    "-2+3+cmd|' /C calc'!A0", "\t", "\r\n", "\u202e=1", "\u2028=1", "\xad=1",
]  # fmt: skip


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_comes_back_as_a_formula(files_dir: Path, text: str) -> None:
    csv_export("a.csv", [{text: text, "x": text}])
    csv_export("b.csv", [[text]], columns=[text])
    for name in ("a.csv", "b.csv"):
        for row in read(files_dir / "exports" / name):
            for value in row:
                assert not value.startswith(TRIGGERS)
                assert value == "x" or (value[0] == "'" and added_only_apostrophes(value, text))


def added_only_apostrophes(shown: str, text: str) -> bool:
    """Whether `shown` is `text` with apostrophes put in."""
    return shown.replace("'", "") == text.replace("'", "") and len(shown) > len(text)


@settings(deadline=None)
@given(st.text() | st.text(alphabet="=+-@;|,\t\r\n \"'a1\u200b"))
def test_no_text_comes_back_as_a_formula(text: str) -> None:
    shown = cell(text)
    assert isinstance(shown, str)
    assert shown.replace("'", "") == text.replace("'", "")
    assert not shown.strip().startswith(TRIGGERS)


@settings(deadline=None)
@given(
    st.lists(st.text(alphabet="=+-@;|\t\r\n \"'a1\u200b", max_size=12), min_size=1, max_size=4),
    st.sampled_from(",;|\t"),
)
def test_no_text_becomes_a_formula_whatever_the_spreadsheet_separates_by(row: list[str], separator: str) -> None:
    text = io.StringIO(newline="")
    CsvTable(text, None, 10).add_plain(["first", *row])
    text.seek(0)
    for line in csv.reader(text, delimiter=separator):
        for value in line:
            assert not value.strip(" \t\r\n\u200b").startswith(TRIGGERS), (row, line)


def test_a_text_of_many_separators_takes_linear_time() -> None:
    def seconds(size: int) -> float:
        began = time.thread_time()
        cell("; " * size + "=")
        return time.thread_time() - began

    # Quadratic work would take a hundred times as long for ten times as much, and minutes altogether.
    assert min(seconds(500_000) for _ in range(3)) < 40 * max(min(seconds(50_000) for _ in range(3)), 1e-3)


@pytest.mark.parametrize("text", ["a=1", "1-2", "'=1", "Grüße", "a\tb", "", " a"])
def test_harmless_text_stays(text: str) -> None:
    assert cell(text) == text


def test_numbers_stay_numbers_and_the_rest_becomes_text(files_dir: Path) -> None:
    rows: list[Any] = [[-5, 2.5, -1e300, True, None, float("nan"), float("-inf"), "-5"]]
    csv_export("t.csv", rows)
    assert (files_dir / "exports" / "t.csv").read_bytes() == b'-5,2.5,-1e+300,"true","","nan","\'-inf","\'-5"\r\n'
    assert cell(Decimal("-1.50")) == Decimal("-1.50")
    assert cell(Decimal("-Infinity")) == "'-Infinity"
    assert cell(dt.datetime(2026, 1, 2, tzinfo=dt.UTC)) == "2026-01-02T00:00:00+00:00"
    assert cell(b"\x00=") == "003d"


def test_text_that_is_no_unicode_does_not_break_the_file(files_dir: Path) -> None:
    csv_export("t.csv", [["a\ud800\x00b"]])
    assert read(files_dir / "exports" / "t.csv") == [["a?\x00b"]]


def test_the_limit_of_rows(files_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_CSV_MAX_ROWS", "2")
    assert csv_export("t.csv", [[1], [2]])["rows"] == 2
    before = (files_dir / "exports" / "t.csv").read_bytes()
    with pytest.raises(PermanentFailure, match="more than 2 rows"):
        csv_export("t.csv", [[1], [2], [3]])
    assert (files_dir / "exports" / "t.csv").read_bytes() == before
    assert len(list((files_dir / "exports").iterdir())) == 1


@pytest.fixture
def people(tmp_path: Path) -> str:
    """A SQLite database with 2,500 rows, in a folder with a name that needs quoting."""
    path = tmp_path / "da ta?#%" / "people.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (id INTEGER, name TEXT, photo BLOB)")
        connection.executemany("INSERT INTO people VALUES (?, ?, ?)", [(n, f"={n}", b"\x01") for n in range(2500)])
    connection.close()
    return "sqlite:///" + str(path).replace("%", "%25")


class TestSqlite:
    """Named queries on SQLite."""

    def test_streams_a_query(self, files_dir: Path, monkeypatch: pytest.MonkeyPatch, people: str) -> None:
        use_source(monkeypatch, people, "SELECT id, name, photo FROM people ORDER BY id")
        assert csv_export("t.csv", source="it", columns=["name", "id"])["rows"] == 2500
        rows = read(files_dir / "exports" / "t.csv")
        assert rows[:2] + rows[-1:] == [["name", "id"], ["'=0", "0"], ["'=2499", "2499"]]

    def test_stops_at_the_limit(self, files_dir: Path, monkeypatch: pytest.MonkeyPatch, people: str) -> None:
        # Without streaming this query would never end.
        use_source(
            monkeypatch,
            people,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        )
        monkeypatch.setenv("TASKFLOW_CSV_MAX_ROWS", "3000")
        with pytest.raises(PermanentFailure, match="more than 3000 rows"):
            csv_export("t.csv", source="it")
        assert list((files_dir / "exports").iterdir()) == []

    @pytest.mark.parametrize(
        "query",
        [
            "DELETE FROM people",
            "DELETE FROM people RETURNING id",
            "DROP TABLE people",
            "ATTACH 'new.db' AS n",
            "VACUUM INTO 'new.db'",
            "PRAGMA writable_schema = 1",
            "CREATE TEMP TABLE t (a)",
        ],
    )
    def test_cannot_write(self, files_dir: Path, monkeypatch: pytest.MonkeyPatch, people: str, query: str) -> None:
        use_source(monkeypatch, people, query)
        monkeypatch.chdir(files_dir)
        with pytest.raises(SettingsError, match="more than read"):
            csv_export("t.csv", source="it")
        assert not (files_dir / "new.db").exists()

    def test_creates_no_database(self, files_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        use_source(monkeypatch, f"sqlite:///{tmp_path}/new.db", "SELECT 1")
        with pytest.raises(sqlite3.OperationalError):
            csv_export("t.csv", source="it")
        assert not (tmp_path / "new.db").exists()

    def test_takes_no_longer_than_allowed(self, files_dir: Path, monkeypatch: pytest.MonkeyPatch, people: str) -> None:
        monkeypatch.setattr(csv_sources, "MAX_SECONDS", 0.0)
        use_source(monkeypatch, people, "SELECT count(*) FROM people a, people b")
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            csv_export("t.csv", source="it")

    def test_a_statement_without_rows(self, files_dir: Path, monkeypatch: pytest.MonkeyPatch, people: str) -> None:
        use_source(monkeypatch, people, "PRAGMA query_only = 1")
        with pytest.raises(SettingsError, match="one SELECT"):
            csv_export("t.csv", source="it")


async def execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


@pytest.mark.postgres
class TestPostgres:
    """Named queries on PostgreSQL."""

    def test_streams_a_query(self, files_dir: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str) -> None:
        query = "SELECT i, '=' || i AS formula, -1.50::numeric AS amount, now() AS at FROM generate_series(1, 2500) i"
        use_source(monkeypatch, postgres_url, query)
        assert csv_export("t.csv", source="it", columns=["i", "formula", "amount"])["rows"] == 2500
        rows = read(files_dir / "exports" / "t.csv")
        assert (rows[0], rows[-1]) == (["i", "formula", "amount"], ["2500", "'=2500", "-1.50"])

    @pytest.mark.parametrize(
        "query",
        [
            "WITH gone AS (DELETE FROM kept RETURNING a) SELECT * FROM gone",
            "INSERT INTO kept VALUES (2) RETURNING a",
            "SELECT nextval('kept_seq')",
            "COMMIT; DELETE FROM kept",
            "DELETE FROM kept",
        ],
    )
    def test_cannot_write(
        self, files_dir: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str, query: str
    ) -> None:
        asyncio.run(execute(postgres_url, "CREATE TABLE kept AS SELECT 1 AS a; CREATE SEQUENCE kept_seq"))
        use_source(monkeypatch, postgres_url, query)
        with pytest.raises((asyncpg.PostgresError, SettingsError), match=r"read-only|multiple commands|one SELECT"):
            csv_export("t.csv", source="it")
        use_source(monkeypatch, postgres_url, "SELECT a FROM kept")
        csv_export("t.csv", source="it")
        assert read(files_dir / "exports" / "t.csv") == [["a"], ["1"]]

    def test_a_bad_url_shows_no_password(self, files_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for url in (
            "postgresql://u:canary@h:port/d",
            "postgresql://u:canary@h:1:2/d?x=y",
            "postgres://u:canary@h/d?sslmode=canary",
        ):
            use_source(monkeypatch, url, "SELECT 1")
            with pytest.raises(SettingsError, match="TASKFLOW_CSV_SOURCES") as caught:
                csv_export("t.csv", source="it")
            assert "canary" not in repr(caught.value)

    def test_a_dead_server_may_be_tried_again(self, files_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        use_source(monkeypatch, "postgresql://u:canary@127.0.0.1:1/d", "SELECT 1")
        with pytest.raises(OSError, match=r"(?i)refused|connect") as caught:
            csv_export("t.csv", source="it")
        assert "canary" not in repr(caught.value)
