"""``taskflow workers …``: who claims jobs, and what they are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import msgspec
from tests.cli.conftest import Cli

from taskflowmq.bootstrap.loading import default_app
from taskflowmq.ports.store import Store
from taskflowmq.testing.conformance.support import new_worker

NOBODY = "01a201e9-7cb4-72c0-87af-ef51c3a68934"
KNOWS = {"queues": [], "tenants": ["default"], "tasks": ["test"], "concurrency": 4}


def in_store(work: Callable[[Store], Awaitable[Any]]) -> Any:
    """Do something in the store of the commands."""

    async def run() -> Any:
        async with default_app() as app:
            return await work(app.store)

    return asyncio.run(run())


def registered(**info: Any) -> UUID:
    """Register a worker that lives for a minute, and has reported its load."""
    worker = msgspec.structs.replace(new_worker(uuid4(), 60_000), info=msgspec.json.encode({**KNOWS, **info}))

    async def work(store: Store) -> None:
        await store.workers.register(worker)
        load = msgspec.json.encode({"cpu": 0.5, "cpu_seconds": 1.0, "rss": 64 * 1024 * 1024})
        await store.workers.renew([worker.id], 60_000, loads=[load])

    in_store(work)
    return worker.id


def test_drain_resume_and_stop(cli: Cli) -> None:
    worker = registered(commands=["drain", "resume", "stop"])
    listed = cli("workers", "list").out
    assert "living" in listed
    assert "0/4" in listed
    assert "50%" in listed
    assert "64 MiB" in listed
    assert cli("workers", "drain", str(worker)).out == f"{worker}  draining\n"
    assert "draining" in cli("workers", "list").out
    told = cli("workers", "resume", str(worker), "--json").json
    assert (told["id"], told["state"], told["command"]) == (str(worker), "living", None)
    assert cli("workers", "stop", str(worker)).out == f"{worker}  stopping\n"
    ran = cli("workers", "resume", str(worker))
    assert ran.code == 5
    assert "cannot be undone" in ran.err


def test_workers_that_get_no_command(cli: Cli) -> None:
    old = registered()
    ran = cli("workers", "stop", str(old))
    assert ran.code == 5
    assert "SIGTERM" in ran.err
    ran = cli("workers", "drain", NOBODY)
    assert ran.code == 4
    assert "taskflow workers list" in ran.err
    assert cli("workers", "drain", "x").code == 2


def test_several_workers_are_told_whatever_the_others_answer(cli: Cli) -> None:
    knows, old = registered(commands=["drain"]), registered()
    ran = cli("workers", "drain", NOBODY, str(knows), str(old), str(knows))
    assert ran.code == 4
    assert "2 of 3 workers were refused" in ran.err
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"{NOBODY}  there is no worker")
    assert lines[1] == f"{knows}  draining"
    assert "SIGTERM" in lines[2]
    told = [json.loads(line) for line in cli("workers", "drain", str(knows), str(old), "--json").out.splitlines()]
    assert [sorted(one)[:2] for one in told] == [["busy", "command"], ["error", "id"]]


def test_what_waits_for_drained_workers_says_so(cli: Cli) -> None:
    worker = registered(commands=["drain", "resume"])
    job = cli("enqueue", "test").out.strip()
    assert "can claim it" in cli("jobs", "show", job).out
    cli("workers", "drain", str(worker))
    shown = cli("jobs", "show", job).out
    assert "an operator drained or stopped the 1 worker for it" in shown
    assert "taskflow workers resume ID" in shown
    details = [check["detail"] for check in cli("doctor", "--json").json["checks"] if check["name"] == "queues"]
    assert details == ["1 job in queue default, and every worker that serves it is drained"]
    cli("workers", "resume", str(worker))
    assert not [check for check in cli("doctor", "--json").json["checks"] if check["name"] == "queues"]


def test_the_list_as_json(cli: Cli) -> None:
    worker = registered(commands=["drain"])
    [one] = json.loads(cli("workers", "list", "--json").out)["items"]
    assert (one["id"], one["slots"], one["busy"], one["jobs"]) == (str(worker), 4, 0, [])
    assert one["load"]["rss"] == 64 * 1024 * 1024


def test_the_list_says_releases_if_a_worker_has_one(cli: Cli) -> None:
    registered()
    assert "RELEASE" not in cli("workers", "list").out
    in_store(lambda store: store.workers.register(new_worker(uuid4(), 60_000, release="shop-2.5.0")))
    head, *rows = cli("workers", "list").out.splitlines()
    assert "RELEASE" in head.split()
    assert ["shop-2.5.0" in row for row in rows].count(True) == 1
    assert {one["release"] for one in cli("workers", "list", "--json").json["items"]} == {None, "shop-2.5.0"}
