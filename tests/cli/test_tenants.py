"""``--tenant``, ``--tenants`` and the finishing step of a migration, on the command line."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from tests.cli.conftest import Cli

from taskflowmq import TaskFlow
from taskflowmq.bootstrap.loading import default_app

ARGUMENTS = '{"message": "hi", "seconds": 0.0}'


def _put(cli: Cli, *more: str) -> str:
    ran = cli("enqueue", "test", ARGUMENTS, *more)
    assert ran.code == 0, ran.err
    return ran.out.strip()


def test_commands_read_and_steer_one_tenant(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = _put(cli), _put(cli, "--tenant", "shop")
    assert [job["id"] for job in cli("jobs", "list", "--json").json["items"]] == [first]
    monkeypatch.setenv("TASKFLOW_TENANT", "shop")
    assert [job["id"] for job in cli("jobs", "list", "--json").json["items"]] == [second]
    assert cli("jobs", "show", first).code == 4
    assert cli("jobs", "stats", "--json").json["states"]["pending"] == 1
    assert cli("queues", "pause", "default").code == 0
    paused = {
        tenant: cli("queues", "list", "--tenant", tenant, "--json").json["items"][0]["paused"]
        for tenant in ("default", "shop")
    }
    assert paused == {"default": False, "shop": True}
    assert "queue 'default' of tenant 'shop' is paused" in cli("jobs", "show", second).out
    assert cli("jobs", "cancel", second).code == 0
    nobody = cli("jobs", "list", "--tenant", "nobody", "--json").json
    assert nobody == {"items": [], "next": None, "looked_at": 0, "looked_until": None, "complete": True}


def test_the_next_page_is_asked_of_the_same_tenant(cli: Cli) -> None:
    for _ in range(2):
        _put(cli, "--tenant", "shop")
    assert " --tenant shop --" in cli("jobs", "list", "--tenant", "shop", "--limit", "1").err


def test_an_app_has_its_own_tenant(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, url: str) -> None:
    (tmp_path / "shop_of_red.py").write_text(
        "from taskflowmq import TaskFlow\napp = TaskFlow(tenant='red')\n@app.task\nasync def pack() -> None: ...\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert cli("enqueue", "pack", "--app", "shop_of_red:app").code == 0
    assert cli("enqueue", "pack", "--app", "shop_of_red:app", "--tenant", "red").code == 0
    refused = cli("enqueue", "pack", "--app", "shop_of_red:app", "--tenant", "blue")
    assert refused.code == 2
    assert "shop_of_red:app belongs to tenant 'red', and --tenant (TASKFLOW_TENANT) says 'blue'" in refused.err
    assert cli("jobs", "stats", "--tenant", "red", "--json").json["states"]["pending"] == 2
    assert cli("jobs", "stats", "--tenant", "all", "--json").code == 2


def test_workers_show_their_tenants_where_there_are_several(cli: Cli, url: str) -> None:
    def listed(**options: Any) -> str:
        async def look() -> str:
            app = default_app(url)
            async with app, app.worker(concurrency=1, **options):
                return (await asyncio.to_thread(cli, "workers", "list")).out

        return asyncio.run(look())

    assert "TENANTS" not in listed()
    table = listed(tenants=("default", "shop"))
    assert "TENANTS" in table
    assert "default, shop" in table


def test_doctor_looks_at_every_tenant(cli: Cli, url: str) -> None:
    _put(cli, "--tenant", "shop")
    cli("queues", "pause", "later", "--create", "--tenant", "shop")
    _put(cli, "--tenant", "shop", "--queue", "later")
    said = cli("doctor").out
    assert "1 job in queue default of tenant shop, which no live worker serves" in said
    assert "run: taskflow worker --queues default --tenants shop" in said
    assert re.search(r"queue later of tenant shop is paused since .* UTC by cli.* and holds 1 job", said)
    assert "run: taskflow queues resume later --tenant shop" in said

    cli("queues", "resume", "later", "--tenant", "shop")

    async def served() -> str:
        app = TaskFlow(url, tenant="shop")
        async with app, app.worker(concurrency=1):
            return (await asyncio.to_thread(cli, "doctor")).out

    found = asyncio.run(served())
    assert "which no live worker serves" not in found
    assert "of tenant 'shop' (1 worker for the queue, without this task)" in found


def test_a_finishing_step_waits_for_the_operator(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr("taskflowmq.stores.sqlite.schema.finishing", list)
        assert cli("db", "migrate").code == 0
    first = _put(cli)
    status = cli("db", "status", "--json")
    assert (status.code, status.json["pending"], status.json["unfinished"]) == (0, [], ["finish/0008_tenants"])
    assert "No migration is pending." in cli("db", "migrate").out
    checks = {check["name"]: check["verdict"] for check in cli("doctor", "--json").json["checks"]}
    assert checks["schema"] == "OK"
    refused = cli("enqueue", "test", ARGUMENTS, "--tenant", "shop")
    assert refused.code == 3
    assert "taskflow db migrate --finish" in refused.err
    shown = cli("db", "migrate", "--finish", "--dry-run")
    assert "-- finish/0008_tenants\n" in shown.out
    assert json.loads(cli("db", "migrate", "--finish", "--json").out) == {"applied": ["finish/0008_tenants"]}
    assert cli("db", "status", "--json").json["unfinished"] == []
    _put(cli, "--tenant", "shop")
    assert [job["id"] for job in cli("jobs", "list", "--json").json["items"]] == [first]
