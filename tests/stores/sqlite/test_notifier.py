"""Wake-ups: soon, coalesced, harmless when they cannot be delivered."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest
from tests.stores.sqlite.conftest import OpenStore, new_job

from taskflowmq.core.job import QueueRef
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.stores.sqlite.notifier import SqliteNotifier
from taskflowmq.testing.waiting import wait_until


async def test_an_enqueue_wakes_a_listener_of_another_store(open_store: OpenStore) -> None:
    listening, sending = await open_store(), await open_store()
    async with listening.notifier.listen([], []) as names:
        await sending.intake.enqueue([new_job(queue="mail")])
        assert await asyncio.wait_for(anext(names), 30) == QueueRef("default", "mail")


async def test_only_the_topics_that_were_asked_for(store: SqliteStore) -> None:
    async with store.notifier.listen(["one", "two"], ["wanted"]) as names:
        await store.notifier.wake([QueueRef("one", "other")])
        await store.notifier.wake([QueueRef("three", "wanted")])
        await store.notifier.wake([QueueRef("two", "wanted")])
        assert await asyncio.wait_for(anext(names), 30) == QueueRef("two", "wanted")


async def test_a_storm_is_a_message_at_once_and_one_for_each_gap(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = 0.2  # on a machine that does nothing else, longer than a storm takes
    monkeypatch.setattr("taskflowmq.stores.sqlite.notifier._GAP_S", gap)
    folder = path.with_name("jobs.db-wake")
    folder.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(folder / "test.sock"))
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(1000):
            await store.notifier.wake([QueueRef("default", "default")])
        gaps, more = int((loop.time() - began) / gap), 0
        assert sock.recv(100) == b"default\tdefault"
        assert await asyncio.wait_for(loop.sock_recv(sock, 100), 30) == b"default\tdefault"
        with contextlib.suppress(BlockingIOError):
            while sock.recv(100):
                more += 1
        assert more <= gaps


async def test_sockets_of_dead_processes_are_cleared_away(store: SqliteStore, path: Path) -> None:
    folder = path.with_name("jobs.db-wake")
    folder.mkdir()
    dead = folder / "1-dead.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(dead))
    await store.notifier.wake([QueueRef("default", "default")])
    assert not dead.exists()


async def test_a_long_path_still_wakes(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25) / ("longer" * 20)
    folder.mkdir(parents=True)
    store = SqliteStore(folder / "jobs.db")
    await store.open()
    async with store.notifier.listen([], []) as names:
        await store.intake.enqueue([new_job()])
        assert await asyncio.wait_for(anext(names), 30) == QueueRef("default", "default")
    await store.close()


async def test_a_listener_heals_when_its_socket_is_removed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskflowmq.stores.sqlite.notifier._CHECK_S", 0.05)
    notifier = SqliteNotifier(path, enabled=True)
    folder = path.with_name("jobs.db-wake")
    async with notifier.listen([], []) as names:
        (only,) = folder.iterdir()
        only.unlink()
        following = asyncio.ensure_future(anext(names))  # type: ignore[arg-type]
        await wait_until(lambda: list(folder.iterdir()), what="a new socket")
        assert await asyncio.wait_for(following, 30) is None, (
            "what was sent meanwhile is lost, so anything may be ready"
        )
        await notifier.wake([QueueRef("default", "mail")])
        assert await asyncio.wait_for(anext(names), 30) == QueueRef("default", "mail")
    notifier.close()


async def test_switched_off_it_says_nothing_and_harms_nobody(open_store: OpenStore) -> None:
    store = await open_store(wake=False)
    async with store.notifier.listen([], []):
        await store.intake.enqueue([new_job()])
        assert not store.path.with_name("jobs.db-wake").exists()
