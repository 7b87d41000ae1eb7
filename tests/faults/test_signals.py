"""What signals do to a worker, its children and the processes beside it, as docs/operations.md says."""

from __future__ import annotations

import os
import signal
import sys

import psutil
import pytest
from tests.faults import stopping
from tests.faults.rig import PATIENCE, SLACK, Rig

from taskflowmq import State
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow

APP = "tests.faults.stopping:app"
#: Runs the rest of its arguments as nohup does.
NOHUP = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"


@pytest.mark.parametrize("whole", [False, True], ids=["supervisor", "whole group"])
async def test_a_hang_up_drains_even_when_it_comes_twice(sqlite_rig: Rig, whole: bool) -> None:
    rig = sqlite_rig
    program = rig.program()
    naps = [await rig.send(name, seconds=1.5) for name in ("nap", "thread_nap", "process_nap")]
    await rig.started(*naps)
    send = program.signal_all if whole else program.signal
    send(signal.SIGHUP)
    send(signal.SIGHUP)
    assert await program.wait(timeout=SLACK) == 0
    assert {view.state for view in await rig.final(*naps)} == {State.COMPLETED}
    assert [rig.starts(nap) for nap in naps] == [1, 1, 1]


async def test_a_hang_up_that_was_ignored_at_the_start_stays_ignored(sqlite_rig: Rig) -> None:
    rig = sqlite_rig
    program = rig.program(prefix=(sys.executable, "-c", NOHUP))
    await rig.final(await rig.send("quick", n=1))
    program.signal_all(signal.SIGHUP)
    await rig.final(await rig.send("quick", n=2))
    assert "ends in order" not in program.log()
    program.signal(signal.SIGTERM)
    assert await program.wait(timeout=SLACK) == 0


async def test_a_quit_hands_back_at_once(sqlite_rig: Rig) -> None:
    rig = sqlite_rig
    program = rig.program(app=APP)
    stopping.app.use_url(rig.url)
    async with stopping.app:
        jobs = [await task.aenqueue() for task in (stopping.coroutine, stopping.thread)]
        await rig.started(*jobs)
        program.signal_all(signal.SIGQUIT)
        assert await program.wait(timeout=SLACK) == 75
        assert [await job.astate() for job in jobs] == [State.PENDING] * 2


async def test_other_signals_end_no_process_of_a_worker(sqlite_rig: Rig) -> None:
    rig = sqlite_rig
    program = rig.program()
    await rig.final(await rig.send("process_square", n=3))
    everybody = [program.supervisor, *program.supervisor.children(recursive=True)]
    assert len(everybody) >= 3
    for each in everybody:
        numbers = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGPIPE, signal.SIGCHLD, signal.SIGURG]
        if each.pid != program.pid:  # the others take no part in what a terminal sends to all
            numbers += [signal.SIGHUP, signal.SIGQUIT, signal.SIGINT, signal.SIGTERM]
        for number in numbers:
            os.kill(each.pid, number)
    await rig.final(await rig.send("quick", n=2), await rig.send("process_square", n=4))
    assert all(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in everybody)
    program.signal(signal.SIGTERM)
    assert await program.wait(timeout=SLACK) == 0


async def test_a_server_ends_in_order_on_a_hang_up_and_outlives_user_signals(sqlite_rig: Rig) -> None:
    server = sqlite_rig.server()
    await wait_until(lambda: "TaskFlow API on" in server.log(), PATIENCE, what="the server")
    server.signal(signal.SIGUSR1)
    server.signal(signal.SIGUSR2)
    server.signal(signal.SIGHUP)
    assert await server.wait(timeout=SLACK) == 0
