"""``taskflow demo`` as a real process: it fills, works without a warning, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import httpx
import pytest
from tests.cli.test_processes import Start, start

from taskflowmq.demo.scenes import LOST_HOST
from taskflowmq.testing.waiting import wait_until_sync

__all__ = ["start"]
pytestmark = pytest.mark.slow

_TOLD = re.compile(r"worker \S+ is lost|rescued 3 jobs of worker")
WANTED = {"pending": 14, "scheduled": 30, "running": 1, "completed": 60, "dead": 15, "cancelled": 1}


def _levels(errors: str) -> set[str]:
    """The levels of all lines but those of the worker that died before the demo began."""
    lines = [json.loads(line) for line in errors.splitlines()]
    return {line["level"] for line in lines if not _TOLD.match(line["message"])}


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where a demo without a database of its own has its file."""
    made = tmp_path / "temporary"
    made.mkdir()
    return made


def test_it_has_jobs_in_every_state_and_ends_as_told(start: Start, temporary: Path) -> None:
    program = start("demo", "--port", "0", "--rate", "10", "--json", TMPDIR=str(temporary), TASKFLOW_LOG_FORMAT="json")
    api = f"{program.announcement()['url']}/api/v1"
    with httpx.Client() as client:

        def is_busy() -> bool:
            found = client.get(f"{api}/jobs/stats").json()["states"]
            return all(found.get(state, 0) >= least for state, least in WANTED.items())

        def has_every_error() -> bool:
            dead = client.get(f"{api}/jobs/dead").json()["items"]
            return {job["error"]["type"] for job in dead} >= {"ConnectionRefusedError", "KeyError", "ValueError"}

        wait_until_sync(is_busy, 60)
        wait_until_sync(has_every_error, 60)
        paused = [queue["reason"] for queue in client.get(f"{api}/queues").json()["items"] if queue["paused"]]
        assert paused == ["the text of the spring issue is not approved yet"]
        assert client.get(f"{api}/stats/summary?minutes=1440").json()["completed"] > 100_000
    assert program.end() == 0, program.errors()
    assert _levels(program.errors()) == {"info"}
    assert list(temporary.iterdir()) == []


def test_it_ends_by_term_as_by_an_interrupt(start: Start, temporary: Path) -> None:
    program = start("demo", "--port", "0", "--rate", "10", "--json", TMPDIR=str(temporary), TASKFLOW_LOG_FORMAT="json")
    program.announcement()
    assert list(temporary.iterdir()) != []
    assert program.end(signal.SIGTERM) == 0, program.errors()
    assert _levels(program.errors()) == {"info"}
    assert list(temporary.iterdir()) == []


def test_the_jobs_of_a_worker_that_died_run_elsewhere(start: Start, temporary: Path) -> None:
    program = start("demo", "--port", "0", "--json", TMPDIR=str(temporary), TASKFLOW_LOG_FORMAT="json")
    api = f"{program.announcement()['url']}/api/v1"
    with httpx.Client() as client:
        [lost] = [one for one in client.get(f"{api}/workers").json()["items"] if one["host"] == LOST_HOST]
        assert lost["running"] == 3

        def are_rescued() -> bool:
            jobs = client.get(f"{api}/jobs", params={"q": "task:export.write"}).json()["items"]
            return all(job["worker"] not in (None, lost["id"]) for job in jobs)

        wait_until_sync(are_rescued, 100)
        [same] = [one for one in client.get(f"{api}/workers").json()["items"] if one["id"] == lost["id"]]
        assert (same["state"], same["running"]) == ("lost", 0)
    assert program.end() == 0, program.errors()
    assert _levels(program.errors()) == {"info"}


def test_a_public_one_is_read_by_everyone_and_changed_by_nobody(start: Start, temporary: Path) -> None:
    program = start("demo", "--port", "0", "--public", "--json", TMPDIR=str(temporary), TASKFLOW_LOG_FORMAT="json")
    api = f"{program.announcement()['url']}/api/v1"
    elsewhere = {"x-forwarded-for": "203.0.113.9", "host": "demo.example"}
    with httpx.Client(headers=elsewhere) as client:
        assert client.get(f"{api}/session").json()["role"] == "viewer"
        assert client.post(f"{api}/jobs", json={"task": "mail.send"}).status_code == 403
        assert client.post(f"{api}/queues/newsletter/resume").status_code == 403
        made = [client.post(f"{api}/demo/jobs") for _ in range(11)]
        assert [one.status_code for one in made] == [201] * 10 + [429]
        jobs = client.get(f"{api}/jobs", params={"tag": "visitor"}).json()["items"]
        assert {job["task"] for job in jobs} == {"report.build", "webhook.deliver", "image.resize"}
    assert program.end() == 0, program.errors()
    assert _levels(program.errors()) <= {"info", "warning"}  # what was refused is logged


def test_a_store_that_was_given_is_kept_and_used_again(start: Start, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    for jobs in (10_047, 10_048):
        program = start("demo", "--port", "0", "--json", "--rate", "20", TASKFLOW_DEMO_URL=url)
        api = f"{program.announcement()['url']}/api/v1"

        def total(least: int = jobs, api: str = api) -> bool:
            return sum(httpx.get(f"{api}/jobs/stats").json()["states"].values()) >= least

        wait_until_sync(total, 30)
        assert program.end() == 0, program.errors()
    shown = start("stats", "--json", TASKFLOW_DATABASE_URL=url)
    assert shown.process.wait(30) == 0


def test_a_store_of_another_program_is_refused(start: Start, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    assert start("enqueue", "test", "{}", TASKFLOW_DATABASE_URL=url).process.wait(30) == 0
    program = start("demo", "--port", "0", TASKFLOW_DEMO_URL=url)
    assert program.process.wait(30) == 5
    assert "the store has tasks of another program: csv-export" in program.errors()
    assert "Give the demo a database of its own" in program.errors()
