"""A SQLite file that is taken away under running programs: nothing is acknowledged, all of them say so, and they go on
by themselves when it is back.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.rig import SLACK, Rig

from taskflowmq import State, StoreUnavailable
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def _move(folder: Path, to: Path) -> None:
    to.mkdir(exist_ok=True)
    for file in folder.iterdir():
        if file.name.startswith("jobs.db") and file.is_file():
            file.rename(to / file.name)


async def test_a_file_that_is_taken_away_stops_claims_and_work_goes_on_when_it_is_back(tmp_path: Path) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    rig = Rig(f"sqlite:///{home}/jobs.db", tmp_path)
    await rig.app.aopen()
    program = rig.program()
    await rig.final(await rig.send("quick", n=1))

    _move(home, away)
    with pytest.raises(StoreUnavailable, match="is gone: restore it"):
        await rig.send("quick", n=2)
    says = "the store does not answer (claims): the database file"
    await wait_until(lambda: says in program.log(), SLACK, what="the log")
    assert not [file for file in home.iterdir() if file.suffix == ".db"], "an empty database in its place"

    _move(away, home)

    async def stored() -> object | None:
        try:
            return await rig.send("quick", n=3)
        except StoreUnavailable:
            return None

    job = await wait_until(stored, SLACK, what="a write")
    (view,) = await rig.final(job)  # type: ignore[arg-type]
    assert view.state is State.COMPLETED
    await rig.check()
    await rig.close()
