"""The tables of docs/benchmarks.md: the best other, the ratio, and never two runs in one row."""

from __future__ import annotations

from benchmarks.compare.report import Result
from benchmarks.compare.tables import tables


def result(peer: str, value: float | None, title: str = "drain", unit: str = "jobs/s", run: int = 1) -> Result:
    return Result(run, peer, "drain_1", title, value, unit)


def rows(*files: list[Result]) -> list[str]:
    return [line for line in tables(files).splitlines() if line.startswith("|") and "---" not in line][1:]


def test_more_is_better_of_rates_and_less_of_times() -> None:
    both = [
        *(result("taskflow-postgres", value, run=run) for run, value in enumerate((300.0, 100.0, 200.0))),
        result("pgqueuer", 50.0),
        result("oban", 80.0),
        *(result(name, value, "wait", "ms") for name, value in (("oban", 9.0), ("taskflow-postgres", 2.0))),
        result("pgqueuer", 4.0, "wait", "ms"),
    ]
    assert rows(both) == [
        "| drain | jobs/s | 200 (100–300) | oban 80 (80–80) | 2.50 | pgqueuer 50 |",
        "| wait | ms | 2 (2–2) | pgqueuer 4 (4–4) | 0.50 | oban 9 |",
    ]


def test_a_later_file_replaces_a_figure_with_all_its_peers() -> None:
    before = [result("taskflow-postgres", 10.0), result("pgqueuer", 99.0), result("oban", 5.0)]
    after = [result("taskflow-postgres", 20.0), result("oban", 10.0)]
    only_theirs = [result("pgqueuer", 1_000.0)]
    assert rows(before, after, only_theirs) == ["| drain | jobs/s | 20 (20–20) | oban 10 (10–10) | 2.00 |  |"]


def test_peers_on_redis_are_set_against_ours_on_postgresql() -> None:
    shown = tables([[result("taskflow-postgres", 10.0), result("bullmq", 5.0), result("rq", None)]])
    assert "### Redis" in shown
    assert "| drain | jobs/s | 10 (10–10) | bullmq 5 (5–5) | 2.00 |  |" in shown
    assert "### Redis" not in tables([[result("taskflow-postgres", 10.0)]])
    assert rows([result("taskflow-postgres", 10.0)]) == ["| drain | jobs/s | 10 (10–10) |  |  |  |"]
