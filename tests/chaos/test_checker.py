"""The checker of chaos runs, checked: a clean run passes, and each way to break a promise is caught by its rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.chaos.checker import RULES, check
from tests.chaos.evidence import Attempt, Cancel, Effect, Evidence, Fault, Job, Line, OpenRuns, Request, Sighting
from tests.chaos.recovery import recoveries
from tests.chaos.table import table, violations

WALL = 1_000_000.0


def line(event: str, job: str, lease: int, at: float, *, program: str = "worker-0", pid: int = 10) -> Line:
    return Line(
        event=event, job=job, key=f"key-{job}", lease=lease, attempt=1, program=program, pid=pid, ppid=1, at=at,
        wall=WALL + at,
    )  # fmt: skip


def job(job_id: str, task: str = "quick", **more: Any) -> Job:
    values: dict[str, Any] = {
        "id": job_id, "key": f"key-{job_id}", "task": task, "state": "completed", "reason": None, "attempt": 1,
        "max_attempts": 3, "crashes": 0, "losses": 0, "created_at": WALL, "finished_at": WALL + 9, "unique": None,
        "result": {"key": f"key-{job_id}", "lease": 1},
    }  # fmt: skip
    return Job(**values | more)


def request(*job_ids: str, **more: Any) -> Request:
    keys = tuple(f"key-{job_id}" for job_id in job_ids)
    values: dict[str, Any] = {
        "how": "rest", "task": "quick", "keys": keys, "answer": "ok", "begin": 0.0, "end": 1.0, "ids": job_ids,
    }  # fmt: skip
    return Request(**values | more)


def clean() -> Evidence:
    """A run in which everything happened once, and everything that may happen did."""
    return Evidence(
        store="postgres",
        seed=1,
        seconds=60,
        faults=[
            Fault(kind="kill_child", target="worker-0", begin=2.0, end=2.0, pids=(10,)),
            Fault(kind="restart", target="database", begin=20.0, end=21.0),
        ],
        ledger=[
            line("start", "plain", 1, 1.0), line("end", "plain", 1, 1.1),
            # Its process was killed, and it ran again elsewhere.
            line("start", "hit", 1, 1.5), line("start", "hit", 2, 4.0, pid=11), line("end", "hit", 2, 5.0, pid=11),
            line("start", "fails", 1, 5.0), line("raise", "fails", 1, 5.1),
            line("start", "fails", 2, 6.0), line("end", "fails", 2, 6.1),
            line("start", "pays", 1, 7.0), line("end", "pays", 1, 7.2),
            line("start", "dies", 1, 8.0), line("raise", "dies", 1, 8.1),
        ],
        requests=[
            request("plain"), request("hit", "fails", how="rest-bulk"), request("pays", end=2.5),
            request("dies"), request("off"),
            request("gone", answer="unknown", ids=()), request("undone", answer="refused", ids=()),
            request("first", unique="u"), request("second", unique="u"),
            request("third", unique="u", ids=("second",), created=False),
            request("late", end=18.0), request("last", end=21.5),
        ],
        cancels=[Cancel(job="off", at=5.0, state="cancelled")],
        sightings=[
            Sighting(job="plain", state="completed", reason=None, attempt=1, finished_at=WALL + 9, at=10.0),
        ],
        jobs=[
            job("plain"),
            job("hit", crashes=1, result={"key": "key-hit", "lease": 2},
                attempts=(Attempt(1, "crashed"), Attempt(2, "completed"))),
            job("fails", "flaky", attempt=2, result={"key": "key-fails", "lease": 2},
                attempts=(Attempt(1, "failed"), Attempt(2, "completed"))),
            job("pays", "effect"),
            job("dies", "doomed", state="dead", reason="attempts_exhausted", max_attempts=1, result=None,
                attempts=(Attempt(1, "failed"),)),
            job("off", "slow", state="cancelled", reason="cancelled_by_user", attempt=0, result=None, attempts=()),
            *[job(name, unique="u", created_at=WALL + at, finished_at=WALL + at + 1)
              for at, name in ((10, "first"), (12, "second"))],
            job("late", finished_at=WALL + 18),
            job("last", finished_at=WALL + 30),
        ],
        effects=[Effect("pays", 1)],
        endings=[("plain", "completed"), ("hit", "stale"), ("hit", "completed"), ("fails", "retried")],
        findings=[],
    )  # fmt: skip


def ran() -> Evidence:
    """The clean run, with the runs of the jobs that the rules about runs are not tried on."""
    evidence = clean()
    for at, name in ((10.5, "first"), (12.5, "second"), (16.0, "late"), (22.0, "last")):
        evidence.ledger += [line("start", name, 1, at), line("end", name, 1, at + 0.1)]
    return evidence


def change(evidence: Evidence, job_id: str, **more: Any) -> None:
    """Let the API say something else of a job."""
    evidence.jobs = [msgspec.structs.replace(one, **more) if one.id == job_id else one for one in evidence.jobs]


def no_faults(evidence: Evidence, *others: Fault) -> None:
    evidence.faults = list(others)


def drop(evidence: Evidence, job_id: str) -> None:
    evidence.jobs = [one for one in evidence.jobs if one.id != job_id]


def end_elsewhere(evidence: Evidence) -> None:
    """The first holder of a lost job ends it, after another has begun."""
    change(evidence, "hit", result={"key": "key-hit", "lease": 1})
    evidence.ledger.append(line("end", "hit", 1, 4.5))


Breach = Callable[[Evidence], object]
#: The rule that must catch it, what it is, how it is done.
BREACHES: list[tuple[str, str, Breach]] = [
    ("lost", "an acknowledged job is gone", lambda e: drop(e, "last")),
    ("lost", "the answer names another job", lambda e: change(e, "plain", key="key-hit")),
    ("unfinished", "a job never ends", lambda e: change(e, "hit", state="running")),
    ("unfinished", "a job waits for ever", lambda e: change(e, "last", state="retrying", finished_at=None)),
    ("phantom", "nobody asked for it", lambda e: e.jobs.append(job("stranger"))),
    ("phantom", "what was rolled back is stored", lambda e: e.jobs.append(job("undone"))),
    ("twice", "a repeated request is stored again", lambda e: e.jobs.append(job("again", key="key-plain"))),
    ("torn", "half of a bulk is stored",
     lambda e: e.requests.append(request("plain", "other", answer="unknown", ids=()))),
    ("unique", "two live holders of a key", lambda e: change(e, "second", created_at=WALL + 10.2)),
    ("unique", "the holder does not hold the key", lambda e: change(e, "second", unique="v")),
    ("moved", "a final state changes", lambda e: change(e, "plain", state="dead", reason="crash_loop", crashes=3)),
    ("moved", "an ended job ends again", lambda e: change(e, "plain", finished_at=WALL + 9.5)),
    ("moved", "a cancelled job completes", lambda e: change(e, "off", state="completed")),
    ("moved", "an ended job disappears", lambda e: drop(e, "plain")),
    ("ended twice", "two workers end one job", lambda e: e.endings.append(("plain", "completed"))),
    ("ended twice", "a worker ended it otherwise", lambda e: e.endings.append(("dies", "completed"))),
    ("ended otherwise", "cancelled without a request", lambda e: e.cancels.clear()),
    ("ended otherwise", "a doomed job completes", lambda e: change(e, "dies", state="completed", reason=None)),
    ("ended otherwise", "dead without crashes", lambda e: change(e, "last", state="dead", reason="crash_loop")),
    ("ended otherwise", "an innocent job is lost too often",
     lambda e: change(e, "last", state="dead", reason="worker_lost")),
    ("stale", "the loser's result is stored", end_elsewhere),
    ("stale", "the store names another fence", lambda e: change(e, "fails", result={"key": "key-fails", "lease": 3})),
    ("stale", "completed without a body's end", lambda e: e.ledger.remove(line("end", "plain", 1, 1.1))),
    ("stale", "another job's result", lambda e: change(e, "plain", result={"key": "key-hit", "lease": 1})),
    ("effects", "an effect without its completion", lambda e: e.effects.append(Effect("plain", 1))),
    ("effects", "an effect twice", lambda e: e.effects.append(Effect("pays", 2))),
    ("effects", "a completion without its effect", lambda e: e.effects.clear()),
    ("charges", "more attempts than allowed", lambda e: change(e, "plain", attempt=4)),
    ("charges", "a failure that cost nothing", lambda e: change(e, "fails", attempt=1)),
    ("charges", "a crash that was charged twice", lambda e: change(e, "hit", crashes=2)),
    ("charges", "a crash that spent an attempt", lambda e: change(e, "hit", attempt=2)),
    ("charges", "a task failed that cannot", lambda e: change(e, "fails", task="slow")),
    ("charges", "the API was not asked", lambda e: change(e, "hit", attempts=None)),
    ("claimed twice", "two bodies under one fence", lambda e: e.ledger.append(line("start", "plain", 1, 1.05, pid=12))),
    ("unexplained", "no fault at all", no_faults),
    ("unexplained", "another program was hit",
     lambda e: no_faults(e, Fault(kind="kill_worker", target="worker-1", begin=2.0, end=2.0))),
    ("unexplained", "another child was hit",
     lambda e: no_faults(e, Fault(kind="kill_child", target="worker-0", begin=2.0, end=2.0, pids=(11,)))),
    ("unexplained", "only the database was away",
     lambda e: no_faults(e, Fault(kind="long_restart", target="database", begin=1.6, end=3.9))),
    ("unexplained", "everybody was cut off",
     lambda e: no_faults(e, Fault(kind="black_hole", target="all", begin=1.6, end=3.9))),
    ("unexplained", "the whole machine stood still",
     lambda e: no_faults(e, Fault(kind="freeze", target="all", begin=1.6, end=3.9))),
    ("unexplained", "hit after it ran again",
     lambda e: no_faults(e, Fault(kind="kill_worker", target="worker-0", begin=6.0, end=6.0))),
    ("unexplained", "hit before it began",
     lambda e: no_faults(e, Fault(kind="kill_worker", target="worker-0", begin=0.1, end=0.1))),
    ("after the end", "a body begins after the job ended", lambda e: e.ledger.append(line("start", "dies", 0, 15.0))),
    ("slow to recover", "nothing is stored for a long time",
     lambda e: no_faults(e, *e.faults, Fault(kind="restart", target="database", begin=3.0, end=3.0))),
    ("harness", "a program ended by itself", lambda e: e.findings.append("worker-0 ended by itself")),
]  # fmt: skip


def test_a_clean_run_passes() -> None:
    report = check(ran())
    assert report.violations == []
    assert (len(report.case.duplicates), report.case.duplicates[0].explained) == (1, True)


@pytest.mark.parametrize(("rule", "breach"), [pytest.param(r, b, id=what) for r, what, b in BREACHES])
def test_a_broken_promise_is_caught(rule: str, breach: Breach) -> None:
    evidence = ran()
    breach(evidence)
    assert rule in {violation.rule for violation in check(evidence).violations}


def test_every_rule_has_a_breach() -> None:
    named = {rule for rule, _, _ in BREACHES}
    assert {rule.__name__.replace("_", " ") for rule in RULES} <= named


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="kill_worker", target="worker-0", begin=2.0, end=2.0),
        Fault(kind="pause_worker", target="worker-0", begin=1.6, end=6.0),
        Fault(kind="half_open", target="worker-0", begin=0.2, end=0.2),
        Fault(kind="cut", target="worker-0", begin=1.0, end=3.0),
    ],
    ids=lambda fault: fault.kind,
)
def test_a_fault_that_hit_the_program_explains_its_duplicates(fault: Fault) -> None:
    evidence = ran()
    no_faults(evidence, fault)
    assert [one for one in check(evidence).violations if one.rule == "unexplained"] == []


def test_a_worker_that_woke_up_may_begin_what_it_had_claimed_before() -> None:
    evidence = ran()
    # Claimed under fence 1, stopped, lost, run by another under fence 2, ended; then the first one wakes up.
    change(evidence, "hit", crashes=0, losses=1, attempts=(Attempt(1, "lost"), Attempt(2, "completed")))
    evidence.ledger.remove(line("start", "hit", 1, 1.5))
    evidence.ledger.append(line("start", "hit", 1, 10.0, program="worker-2", pid=20))
    assert {"unexplained", "after the end"} == {one.rule for one in check(evidence).violations}
    evidence.faults.append(Fault(kind="pause_worker", target="worker-2", begin=1.0, end=9.5))
    assert check(evidence).violations == []


def test_no_time_passes_for_a_worker_that_is_frozen_as_it_wakes_up() -> None:
    """Found by seed 3015: the machine stood still right after the pause, and used up what the pause explains."""
    evidence = ran()
    change(evidence, "hit", crashes=0, losses=1, attempts=(Attempt(1, "lost"), Attempt(2, "completed")))
    evidence.ledger.remove(line("start", "hit", 1, 1.5))
    evidence.ledger.append(line("start", "hit", 1, 10.0, program="worker-2", pid=20))
    evidence.faults.append(Fault(kind="pause_worker", target="worker-2", begin=1.0, end=5.2))
    assert "after the end" in {one.rule for one in check(evidence).violations}
    evidence.faults.append(Fault(kind="freeze", target="all", begin=5.3, end=9.8))
    assert "after the end" not in {one.rule for one in check(evidence).violations}


def test_recovery_is_measured_from_where_service_was_possible() -> None:
    cut = Fault(kind="cut", target="worker-0", begin=1.0, end=2.0)
    outage = Fault(kind="long_restart", target="database", begin=1.5, end=6.0)
    first, second = recoveries([cut, outage], stored=[0.5, 6.5], begun=[6.2, 9.0])
    assert [round(seconds, 3) for seconds in (first.to_store or 0, first.to_start or 0)] == [0.5, 0.2]
    assert (second.to_store, second.to_start) == (first.to_store, first.to_start)
    again = Fault(kind="freeze", target="all", begin=6.25, end=10.0)
    assert recoveries([outage, again], stored=[10.5], begun=[])[0].to_store == pytest.approx(0.25 + 0.5)
    (late,) = recoveries([outage], stored=[], begun=[1.0])
    assert (late.to_store, late.to_start) == (None, None)


def test_the_table_shows_what_happened() -> None:
    evidence = ran()
    evidence.not_run = ["full_disk: mounting a small disk needs root"]
    text = table(check(evidence))
    for shown in (
        "kill_child 1",
        "NOT RUN",
        "lost              0",
        "1 explained, 0 unexplained",
        "1 refused, 0 applied",
    ):
        assert shown in text
    drop(evidence, "last")
    assert "key-last was acknowledged" in violations(check(evidence))


def test_open_runs_follow_the_ledger(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    runs = OpenRuns(ledger)
    assert runs.of("worker-0", 0.0) == 0
    lines = [line("start", "a", 1, 1.0), line("start", "b", 1, 2.0), line("start", "c", 1, 3.0, program="worker-1")]
    ledger.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in lines))
    assert (runs.of("worker-0", 0.0), runs.of("worker-0", 1.5), runs.of("worker-1", 0.0)) == (2, 1, 1)
    end = msgspec.json.encode(line("end", "a", 1, 4.0))
    with ledger.open("ab") as more:
        more.write(end[:20])
        more.flush()
        assert runs.of("worker-0", 0.0) == 2, "half a line is no line yet"
        more.write(end[20:] + b"\n")
        more.flush()
    assert runs.of("worker-0", 0.0) == 1
    assert not runs.overtaken("worker-0", 0.0)
    with ledger.open("ab") as more:
        more.write(msgspec.json.encode(line("start", "b", 2, 5.0, program="worker-1")) + b"\n")
    assert runs.overtaken("worker-0", 0.0)
    assert not runs.overtaken("worker-0", 2.5)
    assert not runs.overtaken("worker-1", 0.0)
    with ledger.open("ab") as more:
        cut = msgspec.json.encode(line("start", "d", 1, 6.0))[:20]
        more.write(b"\n" + cut + b"\n" + msgspec.json.encode(line("start", "e", 1, 7.0)) + b"\n")
    assert runs.of("worker-0", 5.5) == 1, "what a kill has cut hides no other line"


def test_evidence_is_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    ran().save(tmp_path)
    assert Evidence.load(tmp_path) == ran()
