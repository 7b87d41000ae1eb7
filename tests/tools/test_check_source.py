"""The source check catches SQL in strings, unsafe calls, clocks in the core and callbacks set from outside, and leaves
prose alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.check_source import SOURCES, check


def rules(root: Path, source: str, name: str = "a.py", lifts: dict[str, str] | None = None) -> list[str]:
    file = root / SOURCES / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source, encoding="utf-8")
    return [problem.rule for problem in check(root, lifts or {})[0]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM job",
        "select id from job where x = 1",
        "select count(*)",
        "  \n-- why\nSELECT 1",
        "insert into job (id) values (1)",
        "INSERT OR IGNORE INTO job VALUES (1)",
        "update job set state = 1",
        "delete from job",
        "with x as (select 1) select * from x",
        "create table job (id int)",
        "DROP INDEX i",
        "truncate job",
        " WHERE id = $1",
        "ORDER BY id",
    ],
)
def test_sql_in_a_string_is_caught(tmp_path: Path, sql: str) -> None:
    assert rules(tmp_path, f"x = {sql!r}\n") == ["sql"]
    assert rules(tmp_path, f"def f(x):\n    return f{sql + '{x}'!r}\n") == ["sql"]


@pytest.mark.parametrize(
    "prose",
    [
        "Select one of the queues from the list",
        "select jobs from the queue",
        "update the job, set by hand",
        "with a worker as (so to say) leader",
        "delete from the DLQ",
        "Create a table of jobs",
        "where it stops",
        "PRAGMA journal_mode=WAL",
        "BEGIN IMMEDIATE",
    ],
)
def test_prose_is_left_alone(tmp_path: Path, prose: str) -> None:
    assert rules(tmp_path, f"x = {prose!r}\n") == []


def test_docstrings_are_left_alone(tmp_path: Path) -> None:
    assert rules(tmp_path, '"""SELECT 1"""\ndef f():\n    """DELETE FROM job"""\n') == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import os, marshal",
        "from pickle import loads",
        "from cloudpickle.sub import x",
        "eval(data)",
        "exec('x = 1')",
        "import yaml\nyaml.load(data)",
    ],
)
def test_code_from_data_is_caught(tmp_path: Path, source: str) -> None:
    assert rules(tmp_path, source) == ["unsafe"]


def test_safe_relatives_are_left_alone(tmp_path: Path) -> None:
    source = "import yaml, msgspec\nyaml.safe_load(x)\nmodel.eval()\nconnection.exec(x)\nevaluate(x)\n"
    assert rules(tmp_path, source) == []


@pytest.mark.parametrize("call", ["datetime.now(UTC)", "time.time()", "date.today()", "time.monotonic()"])
def test_clocks_are_caught_in_the_core_only(tmp_path: Path, call: str) -> None:
    assert rules(tmp_path, f"x = {call}\n", "core/a.py") == ["clock"]
    (tmp_path / SOURCES / "core/a.py").unlink()
    assert rules(tmp_path, f"x = {call}\n", "worker/a.py") == []


def test_a_lift_needs_a_reason_and_a_use(tmp_path: Path) -> None:
    key = f"{SOURCES}/a.py:sql"
    assert rules(tmp_path, "x = 'SELECT 1'\n", lifts={key: "no store is open yet"}) == []
    assert rules(tmp_path, "x = 'SELECT 1'\n", lifts={key: ""}) == ["lift"]
    assert rules(tmp_path, "x = 1\n", lifts={key: "stale"}) == ["lift"]


@pytest.mark.parametrize("source", ["from litestar._openapi import x", "import a.b._c", "import _signal"])
def test_private_modules_are_caught(tmp_path: Path, source: str) -> None:
    assert rules(tmp_path, source) == ["private"]


def test_the_future_and_dunder_names_are_no_private_modules(tmp_path: Path) -> None:
    assert rules(tmp_path, "from __future__ import annotations\nfrom litestar import __version__\n") == []


@pytest.mark.parametrize(
    "source",
    [
        "executor.on_room = self._pump",
        "self._executor.on_room = pump",
        "gate._may_begin = begin",
        "a.x, executor.on_room = 1, pump",
        "database.on_lost += [self.close]",
        "self._writer.on_rollback.append(forget)",
        "setattr(executor, 'on_room', pump)",
    ],
)
def test_a_callback_of_another_object_is_caught_by_its_name(tmp_path: Path, source: str) -> None:
    assert rules(tmp_path, source) == ["callback"]


@pytest.mark.parametrize(
    "declared",
    [
        "class Run:\n    interrupt: Callable[[], None] | None = None\n",
        "class Run:\n    def __init__(self):\n        self.interrupt: Callable[[], None] = nothing\n",
        "class Run:\n    def __init__(self, stop: Callable[[], None]):\n        self.interrupt = stop\n",
        "class Run:\n    def __init__(self, *, stop: Callable[[], None]):\n        self.a, self.interrupt = 1, stop\n",
        "Stop = Callable[[], None]\nclass Run:\n    interrupt: Stop\n",
    ],
)
def test_a_callback_of_another_object_is_caught_by_its_type(tmp_path: Path, declared: str) -> None:
    assert rules(tmp_path, declared) == []
    assert rules(tmp_path, "def f(run):\n    run.interrupt = end\n", "b.py") == ["callback"]


def test_own_callbacks_and_other_attributes_are_left_alone(tmp_path: Path) -> None:
    source = "self.on_room = on_room\nself.on_lost.append(hook)\nrun.only = 1\nrun.ons.append(1)\nrun.on_room()\n"
    assert rules(tmp_path, source) == []
    declared = "class Run:\n    stops: list[Callable[[], None]]\n    job: Job\n"
    assert rules(tmp_path, declared + "other.stops = []\nother.job = None\nother.stops.append(1)\n") == []
