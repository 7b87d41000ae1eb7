"""`test` and `failing-job`: two tasks that do nothing useful, to try an installation with.

`test` must be able to occupy a slot for a chosen time, and to be cancelled meanwhile; `failing-job` must fail
each time, so that retries, back-off and dead letters can be watched.
"""

import asyncio
from typing import Any

from taskflowmq.ports.context import running
from taskflowmq.tasks.errors import InvalidInput

MAX_SECONDS = 3600.0


class DemoFailure(RuntimeError):
    """Raised by `failing_job`, always."""


async def test(message: str = "", seconds: float = 2.0) -> dict[str, Any]:  # noqa: PT028 (a task, no test case)
    """Wait, then return what was given.

    Args:
        message: any text.
        seconds: how long to wait, 0…3600.

    Returns:
        {"message": the text, "seconds": the time waited}

    Raises:
        InvalidInput: `seconds` is not a number from 0 to 3600.
    """
    if not 0 <= seconds <= MAX_SECONDS:
        raise InvalidInput(f"seconds is {seconds!r}, outside the range. Pass a number from 0 to {MAX_SECONDS:g}.")
    _log(f"waiting for {seconds:g} s")
    await asyncio.sleep(seconds)
    _log("done")
    return {"message": message, "seconds": seconds}


# The name starts with "test", so pytest would take an imported function for a test.
test.__test__ = False  # type: ignore[attr-defined]


async def failing_job(message: str = "") -> None:
    """Fail, always.

    Args:
        message: text to carry in the error; a sentence that explains itself if empty.

    Raises:
        DemoFailure: at every call.
    """
    _log("failing, as asked")
    raise DemoFailure(message or "This job fails on purpose, to show how retries end in a dead letter.")


def _log(text: str) -> None:
    """Write into the log of the job, where this is one."""
    run = running.get()
    if run is not None:
        run.context.log.info(text)
