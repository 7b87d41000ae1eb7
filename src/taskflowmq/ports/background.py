"""Work that one task does for all callers of a loop: what comes while it is in progress waits for its next turn.

No caller waits for company: the first starts the task, and the task continues for as long as there is more.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec

P = ParamSpec("P")


class Background(Generic[P]):
    """At most one task at a time, made when it is needed.

    Args:
        work: what the task does; it returns when nothing is left to do.
        name: the task's name.
    """

    def __init__(self, work: Callable[P, Coroutine[Any, Any, None]], name: str) -> None:
        self._work = work
        self._name = name
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether the task is there and has not ended."""
        return self._task is not None and not self._task.done()

    def start(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Start the task, unless it runs already.

        Returns:
            whether this call started it.
        """
        if self._task is not None and not self._task.done():
            return False
        # A context of its own: it serves callers who come later, too, and must not hold what the first one has set.
        self._task = asyncio.create_task(self._work(*args, **kwargs), name=self._name, context=contextvars.Context())
        return True

    async def ended(self, within: float | None = None) -> None:
        """Wait until no work is left, for at most this many seconds."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=within)

    async def stop(self) -> None:
        """Cancel it and wait for its end."""
        # Removed first: a caller that comes while the task is being stopped starts a task of its own.
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
