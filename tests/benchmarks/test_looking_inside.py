"""What ``make explain`` and ``make profile`` make of what the server and py-spy send."""

from __future__ import annotations

from benchmarks import profile_worker
from benchmarks.explain_postgres import Runs, Seen, keep, named, show
from taskflowmq.stores.postgres.queries import q

PLAN = """Limit  (cost=0.15..1.2 rows=1 width=8) (actual time=0.011..0.012 rows=1.00 loops=1)
  Buffers: shared hit=3 read=2
  ->  Seq Scan on job  (cost=0.00..1.00 rows=1 width=8) (actual time=0.010..0.010 rows=1.00 loops=1)
        Buffers: shared hit=3 read=2"""


def seen(*runs: tuple[float, str, str]) -> Seen:
    """Return what is kept of some runs: milliseconds, statement, plan."""
    kept: Seen = Seen(Runs)
    for ms, query, plan in runs:
        keep(kept, f"duration: {ms} ms  plan:\nQuery Text: {query}\n{plan}")
    return kept


def test_a_statement_is_known_by_its_text_and_counted_with_its_pages() -> None:
    kept = seen(*((ms, q.claim_jobs, PLAN) for ms in (0.5, 2.25, 1.0)))
    keep(kept, "something else")
    ((text, runs),) = kept.items()
    assert named(text) == "claim_jobs"
    assert (runs.ms, runs.pages, runs.plan) == ([0.5, 2.25, 1.0], [5, 5, 5], PLAN)


def test_the_plan_of_the_longest_run_is_shown_and_only_what_was_asked_for() -> None:
    slowest = PLAN.replace("Limit", "Slowest")
    kept = seen((3, q.claim_jobs, slowest), (1, q.claim_jobs, PLAN), (9, q.get_job, PLAN), (0.1, "SELECT 2", PLAN))
    shown = show(kept, [])
    assert [line.split()[0] for line in shown.splitlines()[1:4]] == ["get_job", "claim_jobs", "SELECT"]
    assert "claim_jobs, the longest of 2 runs (3.000 ms)\nSlowest  (cost" in shown
    assert "SELECT 2, the longest" not in shown
    assert "get_job, the longest" not in show(kept, ["claim_jobs"])


def test_the_childs_functions_are_told_from_those_of_its_supervisor() -> None:
    frames = [
        'process 1:"python -m taskflowmq.cli worker"',
        'process 2:"python -m taskflowmq.bootstrap.child {}"',
        "main",
        "claim",
        "settle",
    ]
    found = profile_worker.Speedscope(
        [profile_worker._Thread("a", [[0, 2], [0, 1, 2, 3], [0, 1, 2, 4], [0, 1]], [5.0, 3.0, 1.0, 7.0])],
        profile_worker._Shared([profile_worker._Frame(name) for name in frames]),
    )
    own, total = profile_worker.busiest(found).split("in all")
    assert [line.split() for line in own.splitlines()[2:4]] == [["75.0", "claim"], ["25.0", "settle"]]
    assert total.splitlines()[1].split() == ["100.0", "main"]
