"""The app of the soak: jobs with a few typed arguments that do next to nothing, so that the engine is loaded."""

from __future__ import annotations

from taskflowmq import Retry, TaskFlow

app = TaskFlow()


@app.task(name="soak.tick", queue="soak")
async def tick(number: int, text: str, tags: list[str]) -> int:
    """Do nothing with about a hundred bytes of arguments."""
    return number


@app.task(name="soak.seed", queue="seed")
async def seed() -> None:
    """Stand in for what was there before: finished long ago, or due tomorrow."""


@app.task(name="soak.fail", queue="soak", retry=Retry(max_attempts=1))
async def fail(number: int) -> None:
    """Fail, with a traceback that somebody has to keep."""
    raise ValueError(f"number {number} was not wanted")
