"""Why a job waits, and its place, on the command line."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.cli.conftest import Cli

from taskflowmq.cli.show import place_text
from taskflowmq.core.waiting import Wait, WaitCode


def test_why_a_job_waits_is_shown(cli: Cli) -> None:
    job_id = cli("enqueue", "test", '{"message": "hi"}').out.strip()
    assert "Why it waits: no living worker serves task 'test'" in cli("jobs", "show", job_id).out
    assert cli("jobs", "show", job_id, "--json").json["why"]["code"] == "no_worker"
    second = cli("enqueue", "test", '{"message": "hi"}').out.strip()
    assert cli("jobs", "show", second).out.endswith("Ahead of it: 1 job\n")
    told = cli("jobs", "why", second)
    assert told.out.startswith("no living worker serves task 'test'")
    assert told.out.endswith("ahead of it: 1 job\n")
    found = cli("jobs", "why", second, "--json").json
    assert (found["causes"][0]["code"], found["ahead"], found["eta_seconds"]) == ("no_worker", 1, None)
    assert cli("jobs", "why", str(uuid4())).code == cli("jobs", "show", str(uuid4())).code


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"ahead": 1204, "eta_seconds": 40.0}, "1,204 jobs, about 40 s"),
        ({"ahead": 10_000, "ahead_exact": False, "eta_seconds": 422.0}, "10,000+ jobs, more than 7 m 02 s"),
        ({"ahead": 1}, "1 job; how long that takes is not known"),
        ({"ahead": 0, "eta_seconds": 0.0}, "0 jobs, it is about to start"),
    ],
)
def test_the_place_of_a_job_is_told_with_about_how_long_it_waits(place: dict[str, Any], said: str) -> None:
    assert place_text(Wait(WaitCode.TURN, "it is ready", **place)) == said
