from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.faults.rig import Rig


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Real programs on each engine."""
    made = Rig(request.getfixturevalue(f"{request.param}_url"), tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def sqlite_rig(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """Real programs on SQLite, where the engine makes no difference."""
    made = Rig(sqlite_url, tmp_path)
    yield made
    await made.close()
