"""Kills without warning, of one process or of all at once (RELIABILITY F1, F6). Each test prints its figures."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from tests.faults.rig import RECOVERY, SLACK, SWEEP, Program, Rig

from taskflowmq import Handle, JobView, State
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

#: Only a failure takes that long: a process is started after every kill, on a machine that others use too.
PATIENCE = 200


def engine_of(rig: Rig) -> str:
    return rig.url.partition(":")[0]


# -- F1: one at a time

SEED, JOBS, SLOTS, CHILD_KILLS, PROGRAM_KILLS, F1_LEASE = 20_261_122, 1_000, 8, 16, 4, 3.0
#: So many jobs are left at every kill.
AHEAD = 100
#: A lost worker's jobs run again this soon: the lease, a sweep, and the first rescue's jitter.
F1_RECOVERY = F1_LEASE + SWEEP + 1.0


async def test_1000_jobs_survive_20_kills_at_random_moments(rig: Rig) -> None:
    rng = random.Random(SEED)
    # Rescues, and has no part in the jobs: with nobody left to look, recovery could only begin at the next start.
    rig.program(TASKFLOW_QUEUES="none", TASKFLOW_LEASE_SECONDS=F1_LEASE)
    programs = [start(rig), start(rig)]
    jobs = await naps(rig, JOBS)
    kills = ["child"] * CHILD_KILLS + ["program"] * PROGRAM_KILLS
    rng.shuffle(kills)
    lost_at: dict[int, datetime] = {}

    async def comes_to(lines: int) -> bool:
        # Where programs start slowly, the one that is left would run out of jobs before the last kill.
        seen = rig.ledger()
        if len(jobs) - sum(line["event"] == "end" for line in seen) < AHEAD:
            jobs.extend(await naps(rig, AHEAD))
        return len(seen) >= lines

    for kind in kills:
        goal = len(rig.ledger()) + rng.randrange(1, 60)
        await wait_until(lambda: comes_to(goal), PATIENCE, what="progress")  # noqa: B023
        if kind == "child":
            (await wait_until(lambda: ordinary(programs), PATIENCE, what="a child"))[0].kill()
        else:
            doomed = programs.pop(0)
            pids = [child.pid for child in doomed.children()]
            doomed.signal_all(signal.SIGKILL)
            lost_at |= dict.fromkeys(pids, datetime.now(UTC))
            programs.append(start(rig))
    views = await rig.final(*jobs, timeout=PATIENCE)

    assert {view.state for view in views} == {State.COMPLETED}
    starts = rig.all_starts(*jobs)
    assert min(starts.values()) == 1
    for view in views:
        # Nobody was to blame: whatever it took, it cost no attempt, and each further start has a kill as its reason.
        assert view.counters.attempt == 1
        assert starts[str(view.id)] <= 1 + view.counters.crashes + view.counters.losses
    killed = sum(view.counters.crashes + view.counters.losses for view in views)
    claimed_only = sum(view.counters.lease_no - starts[str(view.id)] for view in views)
    assert claimed_only > 0, "no kill came between a claim and its start"
    waits = await rescue_times(rig, lost_at)
    assert waits, "no program died in the middle of a job"
    assert max(waits) <= F1_RECOVERY + SLACK
    print(
        f"F1 {engine_of(rig)}: jobs {len(jobs)}, kills {len(kills)}, lost 0, charged {killed}, most starts of a job "
        f"{max(starts.values())}, claimed but never started {claimed_only}; {len(waits)} jobs of lost workers given "
        f"back within {max(waits):.1f} s (lease {F1_LEASE:g} s, T {F1_RECOVERY:g} s)"
    )
    await rig.check()


async def naps(rig: Rig, count: int) -> list[Handle[Any]]:
    return await rig.app.aenqueue_many([rig.app.tasks["nap"].job(seconds=0.04) for _ in range(count)])


def start(rig: Rig) -> Program:
    return rig.program(TASKFLOW_CONCURRENCY=SLOTS, TASKFLOW_LEASE_SECONDS=F1_LEASE)


def ordinary(programs: Sequence[Program]) -> list[psutil.Process]:
    """Return children that share their process among jobs; three kills of one that runs alone are that job's end."""
    found = []
    for child in (child for program in programs for child in program.children()):
        try:
            if not json.loads(child.cmdline()[-1])["options"]["isolated"]:
                found.append(child)
        except (psutil.Error, ValueError, IndexError):  # it ends now, or has not become a child yet
            continue
    return found


async def rescue_times(rig: Rig, lost_at: dict[int, datetime]) -> list[float]:
    """Return how long after the loss of its program each body that ran there was given back."""
    held = {(UUID(line["job"]), line["lease"]): line["pid"] for line in rig.ledger() if line["pid"] in lost_at}
    waits = []
    for (job, lease), pid in held.items():
        attempts = await rig.app.store.jobs.attempts("default", job)
        ends = [each.finished_at for each in attempts if (each.lease_no, each.outcome) == (lease, "lost")]
        waits += [(end - lost_at[pid]).total_seconds() for end in ends if end is not None]
    return waits


# -- F6: all at once

HELD, WORKERS = 200, 4
#: Restarts per second when each rescue spreads them evenly: the first over its second, the other over its 2 … 4 s.
STEADY = (HELD / 1, HELD / 2)
WINDOW = 0.25


async def test_mass_loss_buries_no_innocent_and_brings_no_storm(rig: Rig, tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    # Rescues, and has no part in the jobs.
    rig.program(TASKFLOW_QUEUES="none")
    jobs = await rig.app.aenqueue_many([rig.app.tasks["hold"].job() for _ in range(HELD)])
    due: dict[int, list[datetime]] = {}
    waits: dict[int, float] = {}
    for losses in (1, 2):
        doomed = rig.program(TASKFLOW_PROCESSES=WORKERS, TEST_HOLD=hold)
        await rig.started(*jobs, times=losses, timeout=PATIENCE)
        doomed.signal_all(signal.SIGKILL)
        at = time.monotonic()
        due[losses] = await rescued(rig, jobs, losses)
        waits[losses] = time.monotonic() - at
    hold.unlink()
    rig.program(TASKFLOW_PROCESSES=WORKERS, TEST_HOLD=hold)
    views = await rig.final(*jobs, timeout=PATIENCE)

    assert {view.state for view in views} == {State.COMPLETED}
    assert {(view.counters.attempt, view.counters.crashes, view.counters.losses) for view in views} == {(1, 0, 2)}
    assert set(rig.all_starts(*jobs).values()) == {3}
    # The first rescue is quick on purpose; the second one holds back, and spreads what comes back.
    assert max(waits.values()) <= RECOVERY + SLACK
    assert len(due[2]) > 0.9 * HELD, "the second rescue was not seen"
    restarts = [peak(due[losses]) / WINDOW for losses in (1, 2)]
    assert all(rate <= 2 * steady for rate, steady in zip(restarts, STEADY, strict=True))
    print(
        f"F6 {engine_of(rig)}: {HELD} jobs of {WORKERS} workers, killed twice, dead 0; given back within "
        f"{waits[1]:.1f} and {waits[2]:.1f} s; due again at {restarts[0]:.0f} and {restarts[1]:.0f}/s at most, "
        f"steady {STEADY[0]:.0f} and {STEADY[1]:.0f}/s"
    )
    await rig.check()


async def rescued(rig: Rig, jobs: Sequence[Handle[Any]], losses: int) -> list[datetime]:
    """Wait until a rescue has settled every job that still ran, and return when they are due, as far as seen."""
    seen: dict[Any, datetime] = {}

    async def settled() -> bool:
        views: list[JobView] = await rig.app.store.jobs.get_many("default", sorted(job.id for job in jobs))
        seen.update({view.id: view.run_at for view in views if view.state is State.RETRYING})
        return all(view.state is not State.RUNNING for view in views)

    await wait_until(settled, PATIENCE, what=f"rescue {losses}")
    return sorted(seen.values())


def peak(times: Sequence[datetime]) -> int:
    """Return the most within one window."""
    return max((sum(0 <= (other - first).total_seconds() < WINDOW for other in times) for first in times), default=0)
