"""The FastAPI example: its API and a worker as processes, an order that is kept and one that is rolled back."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.examples.programs import Program, ask, copied, environment, running

from taskflowmq.testing.waiting import wait_until_sync

pytestmark = pytest.mark.slow
API = ["-m", "uvicorn", "shop:api", "--port", "0"]
WORKER = ["-m", "taskflowmq.cli", "worker", "shop:app"]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def test_a_committed_order_gets_its_receipt_and_a_refused_one_leaves_no_job(tmp_path: Path, database_url: str) -> None:
    here, env = copied("fastapi_shop", tmp_path), environment(database_url)
    with running(API, here, env) as api, running(WORKER, here, env) as worker:
        shop = api.wait_for(r"running on (http://\S+)")[1]
        kept, placed = ask(f"{shop}/orders", {"email": "ada@example.org", "total": 30})
        refused, _ = ask(f"{shop}/orders", {"email": "bob@example.org", "total": 3_000})
        assert (kept, refused) == (201, 402)

        def receipt() -> str | None:
            found: str | None = ask(f"{shop}/orders/{placed['order']}")[1]["receipt"]
            return found

        assert wait_until_sync(receipt, 60, what="the receipt") == "To ada@example.org: thank you for 30"
        states = wait_until_sync(lambda: _settled(shop), 60, what="the end of the job")
        assert states == {"completed": 1}
        assert ask(f"{shop}/orders/2")[0] == 404
        assert worker.end() == 0, worker.shown
        assert_closed(api)


def test_a_worker_inside_the_api_runs_the_jobs_too(tmp_path: Path, sqlite_url: str) -> None:
    here = copied("fastapi_shop", tmp_path)
    with running(API, here, environment(sqlite_url, WORKER="1")) as api:
        shop = api.wait_for(r"running on (http://\S+)")[1]
        ask(f"{shop}/orders", {"email": "ada@example.org", "total": 30})
        wait_until_sync(lambda: _settled(shop) == {"completed": 1}, 60, what="the job")
        assert_closed(api)


def assert_closed(api: Program) -> None:
    """The lifespan ended in order; uvicorn itself ends by the signal that it was sent."""
    api.end()
    assert "Application shutdown complete" in api.shown
    assert "Traceback" not in api.shown


def _settled(shop: str) -> dict[str, int] | None:
    states = {state: count for state, count in ask(f"{shop}/jobs")[1].items() if count}
    return None if "running" in states or "pending" in states else states
