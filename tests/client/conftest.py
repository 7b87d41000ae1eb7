from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from taskflowmq import TaskFlow

#: Hundreds of calls at once may take longer than the usual deadline on a machine that is busy.
PATIENCE_S = 60.0


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.slow])])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database, on each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[TaskFlow]:
    """An open app with nothing in it."""
    async with TaskFlow(database_url, store_timeout=PATIENCE_S) as opened:
        yield opened


@pytest.fixture
def idle_app(database_url: str) -> Iterator[TaskFlow]:
    """An app that nobody has opened, for blocking code."""
    made = TaskFlow(database_url, store_timeout=PATIENCE_S)
    yield made
    made.close()
