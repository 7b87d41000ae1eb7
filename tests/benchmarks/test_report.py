"""Medians, ratios, the table and the file of a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.compare import report
from benchmarks.compare.peer import Class, Peer
from benchmarks.compare.report import Result


def peer(name: str, kind: Class = "postgres") -> Peer:
    return Peer(name, kind, "python", name, (), ())


def result(run: int, name: str, value: float | None, *, note: str = "", unit: str = "jobs/s") -> Result:
    return Result(run, name, "drain_1", "drain, 1 process", value, unit, 0, note)


def test_a_summary_is_the_median_with_the_extremes() -> None:
    summed = report.summary([result(run, "a", value) for run, value in enumerate([30.0, 10.0, 50.0, 20.0])])

    assert summed == report.Summary(median=25.0, low=10.0, high=50.0, digits=0, runs=4)


def test_runs_without_a_figure_do_not_count() -> None:
    summed = report.summary([result(1, "a", None, note="failed"), result(2, "a", 7.0)])

    assert summed is not None
    assert (summed.median, summed.runs) == (7.0, 1)
    assert report.summary([result(1, "a", None)]) is None


def test_a_ratio_is_our_median_by_theirs() -> None:
    ours, theirs = report.summary([result(1, "a", 30.0)]), report.summary([result(1, "b", 20.0)])

    assert report.ratio(ours, theirs) == pytest.approx(1.5)
    assert report.ratio(ours, None) is None
    assert report.ratio(None, theirs) is None
    assert report.ratio(ours, report.summary([result(1, "b", 0.0)])) is None


def test_the_table_shows_every_peer_of_a_class_beside_ours() -> None:
    peers = [peer("taskflow-postgres"), peer("slow"), peer("absent")]
    results = [
        result(1, "taskflow-postgres", 30_000.0),
        result(1, "slow", 9_000.0),
        result(1, "absent", None, note="no pool of its own", unit=""),
        result(2, "taskflow-postgres", 20_000.0),
        result(2, "slow", 11_000.0),
    ]

    lines = report.table(peers, results).splitlines()

    assert lines[0] == "### PostgreSQL"
    assert lines[4:7] == [
        "| drain, 1 process | jobs/s | taskflow-postgres | 25,000 (20,000–30,000) |  |  |",
        "| drain, 1 process | jobs/s | slow | 10,000 (9,000–11,000) | 2.50 |  |",
        "| drain, 1 process | jobs/s | absent | – |  | no pool of its own |",
    ]


def test_peers_on_redis_are_set_against_ours_on_postgresql() -> None:
    peers = [peer("taskflow-postgres"), peer("other", "redis")]
    results = [result(1, "taskflow-postgres", 30.0), result(1, "other", 10.0)]

    assert "| drain, 1 process | jobs/s | other | 10 (10–10) | 3.00 |  |" in report.table(peers, results)


def test_a_measure_that_everybody_refuses_still_has_a_row() -> None:
    rows = report.table([peer("absent")], [result(1, "absent", None, note="cannot", unit="")])

    assert "| drain, 1 process |  | absent | – |  | cannot |" in rows


def test_what_is_written_can_be_read_again(tmp_path: Path) -> None:
    results = [result(1, "a", 1.5), result(2, "a", None, note="not within 120 s")]

    report.write(tmp_path / "results" / "x.json", {"commit": "abc"}, results)

    assert report.read(tmp_path / "results" / "x.json") == results


def test_only_our_own_failures_fail_the_comparison() -> None:
    theirs = result(1, "a", None, note="failed: no schema", unit="")
    refused = result(1, "taskflow-sqlite", None, note="one process only", unit="")
    ours = result(1, "taskflow-sqlite", None, note="failed: no schema", unit="")

    assert not report.ours_failed([theirs, refused])
    assert report.ours_failed([theirs, refused, ours])


def test_a_figure_that_only_one_peer_has_is_one_row() -> None:
    peers = [peer("taskflow-postgres"), peer("other")]
    results = [
        result(1, "taskflow-postgres", 30.0),
        Result(1, "taskflow-postgres", "drain_1", "drain, 1 process: raw", 40.0, "rows/s"),
        result(1, "other", 10.0),
    ]

    rows = [line for line in report.table(peers, results).splitlines() if ": raw" in line]

    assert rows == ["| drain, 1 process: raw | rows/s | taskflow-postgres | 40 (40–40) |  |  |"]
