"""A process that was stopped with the write lock: a lost worker is ended, of others it is said who they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from tests.mortal import mortal
from tests.stores.sqlite.conftest import OpenStore, new_job

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import Counters, HeldJob
from taskflowmq.core.transitions import Lost
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.stores.sqlite.holder import lock_holder
from taskflowmq.testing.conformance.support import transition
from taskflowmq.testing.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/locks").exists() or not hasattr(os, "pidfd_open"), reason="needs /proc/locks"),
]

#: Registers as a worker with a lease of so many milliseconds, or not at all, and stops in the midst of a commit.
_STOPS = """
import asyncio, os, signal, sys, threading
from uuid import uuid4
from taskflowmq.ports.store.workers import NewWorker
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.stores.sqlite.holder import machine

async def main(path, lease_ms):
    store = SqliteStore(path)
    await store.open()
    host, boot_id = machine()
    if lease_ms:
        await store.workers.register(NewWorker(id=uuid4(), supervisor=uuid4(), host=host, boot_id=boot_id,
            pid=os.getpid(), version="1", lease_ms=lease_ms, info=b"{}"))
    # The signal may reach this thread a moment after the others: it must not have committed by then.
    continued = threading.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, continued.set)
    await store._writer.run(lambda conn: (os.kill(os.getpid(), signal.SIGSTOP), continued.wait()))
    print("continued", flush=True)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


@contextmanager
def stopped(path: Path, lease_ms: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process until it has stopped."""
    process = subprocess.Popen(mortal([sys.executable, "-c", _STOPS, str(path), str(lease_ms)]), stdout=subprocess.PIPE)
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "it ended before it stopped"
        yield process
    finally:
        process.kill()
        process.communicate()


#: The writes of the rescuer and of what is noted about it; the lock may be taken before any of them.
WRITES: dict[str, Callable[[SqliteStore], Awaitable[object]]] = {
    "turn": lambda store: store.upkeep.take_turn("rescuer", 1000, lease_ms=200),
    "rescue": lambda store: store.claims.settle([transition(HeldJob(uuid4(), 3, Counters(1, 1, 0, 0, 1)), Lost())]),
    "end": lambda store: store.workers.end_expired(100, turn_within_ms=100),
    "failure": lambda store: store.upkeep.note_failure("rescuer", "away"),
    "success": lambda store: store.upkeep.note_success("rescuer"),
}


@pytest.mark.parametrize("write", WRITES)
async def test_a_lost_worker_that_stands_with_the_write_lock_is_ended_and_work_goes_on(
    open_store: OpenStore, path: Path, caplog: pytest.LogCaptureFixture, write: str
) -> None:
    store = await open_store(lock_timeout_s=60)
    if write == "success":
        await store.upkeep.take_turn("rescuer", 1000, lease_ms=200)
        await store.upkeep.note_failure("rescuer", "away")
    with stopped(path, lease_ms=200) as process:
        assert lock_holder(path) == (process.pid, True)
        await WRITES[write](store)
        assert process.wait(60) == -signal.SIGKILL
    await store.intake.enqueue([new_job()])
    assert f"killed process {process.pid}" in caplog.text


async def test_a_worker_whose_lease_holds_is_left_alone_and_named(open_store: OpenStore, path: Path) -> None:
    store = await open_store(lock_timeout_s=2.5)
    with stopped(path, lease_ms=600_000) as process:
        with pytest.raises(StoreUnavailable, match=rf"process {process.pid} holds it and is stopped: continue it"):
            await store.upkeep.take_turn("rescuer", 1000, lease_ms=200)
        assert process.poll() is None
        process.send_signal(signal.SIGCONT)
        assert process.stdout is not None
        assert process.stdout.readline() == b"continued\n"
    await store.intake.enqueue([new_job()])


async def test_a_stranger_is_left_alone_and_named(open_store: OpenStore, path: Path) -> None:
    store = await open_store(lock_timeout_s=1.5)
    with stopped(path, lease_ms=0) as process:
        with pytest.raises(StoreUnavailable, match=rf"process {process.pid} holds it and is stopped"):
            await store.upkeep.take_turn("rescuer", 1000, lease_ms=200)
        with pytest.raises(StoreUnavailable, match=rf"process {process.pid} holds it and is stopped"):
            await store.intake.enqueue([new_job()])
        assert process.poll() is None
    await wait_until(lambda: lock_holder(path) is None, what="the lock")
    await store.intake.enqueue([new_job()])
