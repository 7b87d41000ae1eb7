"""taskflowmq.contrib.fastapi: the lifespan, the dependencies, and what they say when something is missing."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI

from taskflowmq import TaskFlow, WrongContext
from taskflowmq.contrib.fastapi import JobSender, TaskFlowApp, lifespan, sender_on

PAGE = (Path(__file__).parents[2] / "docs" / "fastapi.md").read_text()


@pytest.fixture
def app(sqlite_url: str) -> TaskFlow:
    app = TaskFlow(sqlite_url)

    @app.task
    async def note(n: int) -> int:
        return n

    return app


def client(api: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://shop")


async def test_the_lifespan_opens_the_app_around_the_programs_own(app: TaskFlow) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def inner(api: FastAPI) -> AsyncIterator[dict[str, Any]]:
        seen.append((await app.tasks["note"].aenqueue(1)).id.hex)
        yield {"colour": "red"}
        seen.append(app.store.url)

    opened = lifespan(app, inner=inner)
    async with opened(api := FastAPI(lifespan=opened)) as state:
        assert state == {"colour": "red", "taskflow": app}
        assert api.state.taskflow is app
        assert app.store.url
    assert len(seen) == 2
    with pytest.raises(WrongContext, match="not open"):
        _ = app.store


async def test_a_worker_of_the_lifespan_runs_jobs_and_leaves_an_app_open_that_others_opened(app: TaskFlow) -> None:
    opened = lifespan(app, worker={"concurrency": 2})
    async with app:
        async with opened(FastAPI()):
            assert await (await app.tasks["note"].aenqueue(3)).aresult(timeout=20) == 3
        assert await app.tasks["note"].aenqueue(4)


async def test_an_endpoint_gets_the_open_app(app: TaskFlow) -> None:
    opened = lifespan(app)
    api = FastAPI(lifespan=opened)

    @api.get("/")
    async def show(taskflow: TaskFlowApp) -> str:
        return taskflow.store.url

    with pytest.raises(WrongContext, match=r"with TestClient\(api\)"):
        async with client(api) as http:
            await http.get("/")
    async with opened(api), client(api) as http:
        assert (await http.get("/")).json() == app.store.url


async def test_plain_functions_enqueue_on_a_blocking_session_of_their_request(app: TaskFlow) -> None:
    def get_conn() -> Iterator[sqlite3.Connection]:
        conn = sqlite3.connect(app.url.removeprefix("sqlite:///"), check_same_thread=False)
        yield conn
        conn.close()

    opened = lifespan(app)
    api = FastAPI(lifespan=opened)

    on_it, it = Depends(sender_on(get_conn)), Depends(get_conn)

    def post(keep: bool, jobs: JobSender = on_it, conn: sqlite3.Connection = it) -> None:
        assert jobs.conn is conn
        jobs.enqueue(app.tasks["note"].using(priority=-5), 7)
        conn.commit() if keep else conn.rollback()

    api.post("/{keep}")(post)
    async with opened(api), client(api) as http:
        assert (await http.post("/false")).status_code == 200
        assert (await app.jobs.alist()).items == []
        assert (await http.post("/true")).status_code == 200
        [job] = (await app.jobs.alist()).items
        assert (job.task, job.priority) == ("note", -5)


def test_without_fastapi_the_import_says_what_to_install() -> None:
    program = "import sys; sys.modules['fastapi'] = None; import taskflowmq.contrib.fastapi"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert "pip install 'taskflowmq[fastapi]'" in said.stderr


@pytest.mark.slow
def test_the_page_runs_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.py").write_text("\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)))
    program = "import shop; print(*sorted(r.path for r in shop.api.routes if r.name in ('place', 'show')))"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert said.stdout.split() == ["/jobs", "/orders"], said.stderr
