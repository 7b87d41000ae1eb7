"""The installation at a glance, on the command line."""

from __future__ import annotations

import asyncio

from tests.cli.conftest import Cli

from taskflowmq.bootstrap.stores import make_store
from taskflowmq.core.system import DutyProcess


async def _take_turn(url: str) -> None:
    store = make_store(url)
    await store.open()
    by = DutyProcess(host="node-7", pid=42, program="taskflow worker")
    assert (await store.upkeep.take_turn("pruner", 60_000, by=by)).taken
    await store.upkeep.note_failure("rescuer", "no space left")
    await store.close()


def test_store_duties_and_checks_are_shown(cli: Cli, url: str) -> None:
    cli("enqueue", "test", '{"message": "hi"}')
    asyncio.run(_take_turn(url))
    shown = cli("system")
    assert shown.code == 0, shown.err
    lines = shown.out.splitlines()
    assert any(line.startswith("engine") and "SQLite 3." in line for line in lines)
    (pruner,) = (line for line in lines if line.startswith("pruner"))
    assert "one node, in turn" in pruner
    assert "taskflow worker, process 42 on node-7" in pruner
    (rescuer,) = (line for line in lines if line.startswith("rescuer"))
    assert "no space left" in rescuer
    assert "No worker is alive." in lines
    assert any(line.split()[:2] == ["OK", "schema"] for line in lines)


def test_it_is_json_as_rest_answers_it(cli: Cli, url: str) -> None:
    cli("enqueue", "test", '{"message": "hi"}')
    asyncio.run(_take_turn(url))
    found = cli("system", "--json").json
    assert sorted(found) == ["checks", "duties", "nodes", "store"]
    duties = {one["name"]: one for one in found["duties"]}
    assert duties["pruner"]["ran_by"] == {"host": "node-7", "pid": 42, "program": "taskflow worker"}
    assert duties["stager"]["ran_by"] is None
    assert found["store"]["bytes"] > 0


def test_a_store_that_is_not_there_is_not_made(cli: Cli) -> None:
    assert cli("system").code == 3
