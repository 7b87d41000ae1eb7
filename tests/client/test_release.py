"""The release of a program: what it says itself, else the environment, and what its workers announce."""

from __future__ import annotations

from typing import Any

import pytest

from taskflowmq import Context, TaskFlow
from taskflowmq.client.environment import InvalidSetting
from taskflowmq.testing import adrain

NEVER = "sqlite:///never-opened.db"


def test_what_the_program_says_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_RELEASE", "from-the-environment")
    assert TaskFlow(NEVER, release="2.4.1").release == "2.4.1"
    assert TaskFlow(NEVER).release == "from-the-environment"


@pytest.mark.parametrize("value", [None, ""])
def test_without_either_there_is_none(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("TASKFLOW_RELEASE", raising=False)
    if value is not None:
        monkeypatch.setenv("TASKFLOW_RELEASE", value)
    assert TaskFlow(NEVER).release is None


def test_the_environment_is_read_at_the_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKFLOW_RELEASE", raising=False)
    app = TaskFlow(NEVER)
    monkeypatch.setenv("TASKFLOW_RELEASE", "v7")
    assert app.release == "v7"


@pytest.mark.parametrize("name", ["", "x" * 65, "two\nlines", " v1", 7])
def test_a_name_that_cannot_be_announced_is_refused_where_the_app_is_made(name: Any) -> None:
    with pytest.raises(InvalidSetting, match="release must be"):
        TaskFlow(NEVER, release=name)


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_RELEASE", "x" * 65)
    with pytest.raises(InvalidSetting, match=r"TASKFLOW_RELEASE must be 1…64 characters, got 65"):
        _ = TaskFlow(NEVER).release


async def test_a_worker_announces_it_and_a_handler_sees_that_of_who_enqueued(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFLOW_RELEASE", "v7")
    seen: list[dict[str, Any]] = []
    async with TaskFlow(database_url) as app:

        @app.task
        async def look(ctx: Context) -> None:
            seen.append(dict(ctx.headers))

        await look.aenqueue()
        await adrain(app)
        (release,) = await app.store.workers.list_releases()
        assert {worker.release for worker in await app.store.workers.list_workers()} == {"v7"}
    assert release.name == "v7"
    assert seen == [{"release": "v7"}]


async def test_a_program_without_one_announces_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKFLOW_RELEASE", raising=False)
    async with TaskFlow(database_url) as app:

        @app.task
        async def look(ctx: Context) -> None:
            assert ctx.headers == {}

        handle = await look.aenqueue()
        await adrain(app)
        await handle.aresult(timeout=30)
        assert await app.store.workers.list_releases() == []
        assert {worker.release for worker in await app.store.workers.list_workers()} == {None}
