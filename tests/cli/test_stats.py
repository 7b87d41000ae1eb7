"""``taskflow stats``."""

from __future__ import annotations

import json

from tests.cli.conftest import Cli


def test_stats_show_what_jobs_did(cli: Cli) -> None:
    job_id = cli("enqueue", "test", '{"message": "hi"}', "--queue", "q").out.strip()
    assert "No figures" in cli("stats").out
    assert cli("jobs", "cancel", job_id).code == 0
    heading, line = cli("stats").out.splitlines()
    assert heading.split()[:6] == ["QUEUE", "STARTED", "COMPLETED", "FAILED", "DEAD", "CANCELLED"]
    assert line.split()[:6] == ["q", "0", "0", "0", "0", "1"]
    found = json.loads(cli("stats", "--by", "task", "--minutes", "5", "--json").out)
    assert (found["minutes"], found["by"]) == (5, "task")
    (task,) = found["items"]
    assert (task["name"], task["counts"]["cancelled"], task["wait"]["p95"]) == ("test", 1, None)
    assert 300 <= task["seconds"] <= 360
    assert cli("stats", "--minutes", "1441").code == 2
    assert cli("stats", "--by", "worker").code == 2
    # No worker did anything.
    assert "No figures" in cli("stats", "--by", "node").out
