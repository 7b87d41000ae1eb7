"""A child that lives long holds no more than one that lives short; ``--leaks 100000`` runs the whole of it (F48)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.soak import leaks
from tests.soak.programs import Usage


@pytest.mark.slow
async def test_thousands_of_jobs_leave_nothing_behind(sqlite_url: str, tmp_path: Path) -> None:
    seen = await leaks.run(sqlite_url, 6_000, tmp_path)
    # The first thousands fill caches and pools, a few megabytes; more than that per job would be a leak.
    found = leaks.judge(seen, mb_per_10k=20)
    print(*found, sep="\n")
    assert [one for one in found if not one.ok] == []


@pytest.mark.parametrize(
    ("memory", "descriptors", "threads", "refused"),
    [
        (0.0, 0.0, 0.0, []),
        (0.0003, 0.0, 0.0, ["memory (PSS)"]),
        (0.0, 0.0001, 0.0, ["file descriptors"]),
        (0.0, 0.0, 0.0001, ["threads"]),
    ],
    ids=["flat", "300 bytes per job", "a descriptor per ten thousand", "a thread per ten thousand"],
)
def test_leaks_are_seen(memory: float, descriptors: float, threads: float, refused: list[str]) -> None:
    seen = [
        (jobs, Usage(60 + memory * jobs, 40 + int(descriptors * jobs), 8 + int(threads * jobs), 3))
        for jobs in range(5_000, 100_001, 5_000)
    ]
    assert [one.name for one in leaks.judge(seen) if not one.ok] == refused
