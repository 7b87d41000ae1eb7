"""The Django example: migrate, server and worker as processes, an order that is kept and one that is rolled back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.examples.programs import ask, copied, environment, running

from taskflowmq.testing.waiting import wait_until_sync

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.sqlite3'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


def manage(here: Path, database_url: str, *arguments: str) -> str:
    said = subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *arguments],
        cwd=here, env=environment(database_url), capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout + said.stderr


def test_a_committed_order_gets_its_jobs_and_a_refused_one_leaves_none(tmp_path: Path, database_url: str) -> None:
    here, env = copied("django_shop", tmp_path), environment(database_url)
    assert "functions of TaskFlow" in manage(here, database_url, "migrate")
    assert "of TaskFlow" not in manage(here, database_url, "migrate")
    serve = ["manage.py", "runserver", "--noreload", "127.0.0.1:0"]
    with running(serve, here, env) as server, running(["manage.py", "taskflow", "worker"], here, env) as worker:
        shop = server.wait_for(r"development server at (http://\S+?)/?\s")[1]
        kept, placed = ask(f"{shop}/orders", {"email": "ada@example.org", "total": 30})
        refused, _ = ask(f"{shop}/orders", {"email": "bob@example.org", "total": 3_000})
        assert (kept, refused) == (201, 402), server.shown

        def settled() -> bool:
            return _counts(shop) == {"completed": 3}

        wait_until_sync(settled, 60, what=f"the three jobs of the order: {_counts(shop)}")
        order = ask(f"{shop}/orders/{placed['order']}")[1]
        assert (order["receipt"], order["loyalty"]) == ("To ada@example.org: thank you for 30", 3)
        assert "completed" in manage(here, database_url, "taskflow", "jobs", "list")
        assert worker.end() == 0, worker.shown
        assert "Traceback" not in worker.shown


def test_the_examples_own_tests_pass(tmp_path: Path, database_url: str) -> None:
    assert "OK" in manage(copied("django_shop", tmp_path), database_url, "test", "--noinput")


def _counts(shop: str) -> dict[str, int]:
    return {state: count for state, count in ask(f"{shop}/jobs")[1].items() if count}


EMBEDDED = """
import asyncio, django
django.setup()
from shop.tasks import add_points, count_orders
from taskflowmq.contrib.django import app

async def main():
    async with app, app.worker(concurrency=2):
        print("orders:", await (await count_orders.aenqueue()).aresult(timeout=60))

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_worker_inside_a_program_of_the_project_has_django_in_its_body_processes(
    tmp_path: Path, sqlite_url: str
) -> None:
    here = copied("django_shop", tmp_path)
    manage(here, sqlite_url, "migrate")
    (here / "embedded.py").write_text(EMBEDDED)
    env = environment(sqlite_url, DJANGO_SETTINGS_MODULE="project.settings")
    said = subprocess.run(
        [sys.executable, "embedded.py"], cwd=here, env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert said.stdout.strip() == "orders: 0", said.stderr


CUT = """
import asyncio, asyncpg, os, django
django.setup()
from shop.tasks import count_orders
from taskflowmq.contrib.django import app

async def ask():
    handle = await count_orders.aenqueue()
    assert await handle.aresult(timeout=60) == 0
    return (await handle.ajob()).counters.attempt

async def main():
    async with app, app.worker(concurrency=1):
        print(await ask(), await ask())
        conn = await asyncpg.connect(os.environ["DATABASE_URL"])
        print(await conn.fetchval("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                  "WHERE query LIKE '%shop_order%' AND pid <> pg_backend_pid() "
                                  "AND datname = current_database()"))
        await conn.close()
        print(await ask(), await ask())

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.postgres
def test_a_cut_costs_a_process_task_one_attempt(tmp_path: Path, empty_postgres_url: str) -> None:
    here = copied("django_shop", tmp_path)
    manage(here, empty_postgres_url, "migrate")
    (here / "cut.py").write_text(CUT)
    env = environment(empty_postgres_url, DJANGO_SETTINGS_MODULE="project.settings")
    said = subprocess.run(
        [sys.executable, "cut.py"], cwd=here, env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert said.stdout.splitlines() == ["1 1", "1", "2 1"], said.stdout + said.stderr
