"""``taskflow dashboard`` and ``--prefix``, as real processes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tests.cli.test_processes import Start, start
from tests.server.test_dashboard import BROWSER

__all__ = ["start"]
pytestmark = pytest.mark.slow


def test_a_dashboard_serves_page_and_api_and_does_nothing_else(start: Start, tmp_path: Path) -> None:
    assert start("db", "migrate", "--json").process.wait(30) == 0
    program = start("dashboard", "--port", "0", "--prefix", "/ops/queue/", "--json")
    url = program.announcement()["url"]
    assert url.endswith("/ops/queue")
    with httpx.Client() as client:
        page = client.get(url, headers=BROWSER)
        # Whether the dashboard is built in this clone makes no difference here.
        assert "/ops/queue/" in page.text
        assert client.get(f"{url}/api/v1/tasks").json() == {"items": []}
        assert client.get(f"{url}/health/ready").status_code == 200
        assert client.post(f"{url}/api/v1/queues/mail/pause?create=true").json()["paused"] is True
    with closing(sqlite3.connect(tmp_path / "taskflow.db")) as conn:
        assert conn.execute("SELECT count(*) FROM taskflow_duty").fetchone() == (0,)
    assert program.end() == 0, program.errors()


def test_dev_says_where_the_dashboard_is(start: Start) -> None:
    program = start("dev", "shop:app", "--demo", "shop:demo", "--json", "--port", "0", TASKFLOW_PREFIX="/ops")
    ready = program.announcement()
    assert ready["url"].endswith("/ops")
    assert program.line() == f"demo says 42 at {ready['url']}\n"
    assert httpx.get(f"{ready['url']}/api/v1/jobs").status_code == 200
    assert program.end() == 0, program.errors()
