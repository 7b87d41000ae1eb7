"""GET /system: store, duties, nodes, settings with their source, checks, feed; without a secret, for owners alone."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from tests.server.conftest import KEY, Connect, connected, new_app

from taskflowmq import TaskFlow
from taskflowmq.bootstrap.configuration import configuration, duty_settings
from taskflowmq.core.worker_settings import WorkerSettings
from taskflowmq.scheduler.here import this_process
from taskflowmq.server.settings import ServerSettings

SYSTEM = "/api/v1/system"
OTHER = "z9Lm4-xQ2_aW7eR1tY5uI8oP3sD6fG0hJkNb"


async def read(client: httpx.AsyncClient, **headers: str) -> dict[str, Any]:
    answer = await client.get(SYSTEM, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_it_says_what_runs_where_on_what(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    await app.store.upkeep.take_turn("pruner", 60_000, by=this_process())
    await app.store.upkeep.note_failure("rollup", "no space left")
    async with app.worker(queues=["mail"], concurrency=3, run_duties=False):
        found = await read(reader)
    store = found["store"]
    assert (store["engine"], store["pending"], store["url"]) == ("SQLite", [], app.store.url)
    assert store["bytes"] > 10_000
    assert store["schema_version"] == await app.store.schema.version()
    duties = {one["name"]: one for one in found["duties"]}
    assert sorted(duties) == ["bulker", "expirer", "lookout", "maintainer", "pruner", "rescuer", "rollup", "stager"]
    assert duties["pruner"]["ran_at"] is not None
    assert duties["pruner"]["ran_by"] == msgspec.to_builtins(this_process())
    assert duties["rescuer"]["ran_by"] is None
    assert {name for name, one in duties.items() if one["runs_on"] == "each"} == {"bulker", "stager"}
    assert duties["rollup"]["problem"] == "no space left"
    (node,) = found["nodes"]
    assert (node["workers"], node["slots"], node["running"]) == (1, 3, 0)
    checks = {one["name"]: one for one in found["checks"]}
    assert checks["schema"]["verdict"] == "OK"
    assert checks["duties"]["verdict"] == "WARN"
    assert "places" not in checks  # reads all jobs
    assert found["feed"] == {"streams": 0, "most_streams": 200, "current": True}
    assert found["server"]["version"]
    assert found["server"]["started_at"] <= found["as_of"]


async def test_the_store_is_asked_once_in_ten_seconds(
    app: TaskFlow, reader: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await read(reader)

    async def refuse() -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(app.store.stats, "sizes", refuse)
    assert (await read(reader))["as_of"] == first["as_of"]


async def test_owners_alone_may_read_it(connect: Connect) -> None:
    client = await connect(api_keys=(f"admin:{KEY}", f"owner:{OTHER}"))
    refused = await client.get(SYSTEM, headers={"Authorization": f"Bearer {KEY}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    await read(client, Authorization=f"Bearer {OTHER}")


async def test_settings_say_where_they_come_from_and_no_secret(
    tmp_path: Any, sqlite_template: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFLOW_PORT", "9000")
    monkeypatch.setenv("TASKFLOW_REDACT", "iban")
    monkeypatch.setenv("TASKFLOW_API_KEYS_FILE", "/run/secrets/keys")
    made = new_app(tmp_path)
    settings = ServerSettings(port=9000, prefix="/ops", api_keys=(f"viewer:{KEY}", OTHER))
    shown = configuration(
        made,
        settings,
        others={**duty_settings(WorkerSettings(sweep=7.0)), "TASKFLOW_LOG_LEVEL": "info"},
        arguments=frozenset({"TASKFLOW_SWEEP_SECONDS"}),
    )
    found = {one.name: (one.value, one.source) for one in shown}
    assert [one.name for one in shown] == sorted(found)
    assert found["TASKFLOW_PORT"] == ("9000", "environment")
    assert found["TASKFLOW_HOST"] == ("127.0.0.1", "default")
    assert found["TASKFLOW_PREFIX"] == ("/ops", "argument")
    assert found["TASKFLOW_TLS_PROXY"] == ("off", "default")
    assert found["TASKFLOW_REDACT"] == ("iban", "environment")
    assert found["TASKFLOW_SWEEP_SECONDS"] == ("7", "argument")
    assert found["TASKFLOW_RETENTION_COMPLETED"] == ("7d", "default")
    assert found["TASKFLOW_KEEP_FINISHED"] == ("none", "default")
    assert found["TASKFLOW_API_KEYS"] == ("1 of role viewer, 1 of role owner", "file")
    assert found["TASKFLOW_DATABASE_URL"] == (made.url, "argument")
    assert found["TASKFLOW_STORE_TIMEOUT"] == ("60", "argument")
    assert {one.name for one in shown if one.secret} == {"TASKFLOW_API_KEYS"}
    assert KEY not in str(shown)
    assert OTHER not in str(shown)
    mounted = {one.name for one in configuration(made, settings, mounted=True)}
    assert "TASKFLOW_PORT" not in mounted
    async with made, connected(made, configuration=shown) as reader:
        assert (await read(reader))["settings"][0]["name"] == "TASKFLOW_API_KEYS"
