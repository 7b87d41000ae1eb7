"""What the lists are asked for is what they can be asked for."""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.compare.measures import lists
from taskflowmq import TaskFlow
from taskflowmq.server.app import make_framework

PAGING = {"cursor"}
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def test_every_filter_is_asked_for_alone_and_with_the_others() -> None:
    paths = make_framework().openapi_schema.paths or {}
    offered = {parameter.name for parameter in paths["/api/v1/jobs"].get.parameters}
    questions = lists.questions(NOON)

    assert {name for question in questions for name in question.query} == offered - PAGING
    alone = {next(iter(question.query)) for question in questions if len(question.query) == 1}
    assert alone == offered - PAGING
    assert set(questions[-1].query) == offered - PAGING - {"limit"}


async def test_finished_jobs_on_sqlite_are_there_to_be_listed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    app = TaskFlow(url)

    @app.task(name="job")
    def job() -> None: ...

    async with app:
        await job.aenqueue()

    assert await asyncio.to_thread(lists.preload, url, 2_000) == 2_000
    with closing(sqlite3.connect(tmp_path / "jobs.db")) as connection:
        ended = connection.execute("SELECT state, count(*) FROM taskflow_outcome GROUP BY state").fetchall()
        # One in 50 of what came before the newest 40, and those.
        assert dict(ended) == {"cancelled": 40, "completed": 1_880, "dead": 80}
        seldom = """SELECT count(*) FROM taskflow_job AS j JOIN taskflow_task AS k ON k.id = j.task_id
                    JOIN taskflow_outcome AS o ON o.job_id = j.id WHERE k.name = 'seldom'"""
        assert connection.execute(seldom).fetchone() == (2,)
