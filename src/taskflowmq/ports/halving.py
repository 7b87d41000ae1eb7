"""Finding the one row for which a store refuses a batch, so that the others are written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)


async def halve(
    batch: list[T],
    error: E,
    write: Callable[[list[T]], Awaitable[Any]],
    alone: Callable[[T, E], Awaitable[Any]],
) -> None:
    """Continue with a batch that was refused for what is in it: write each half, or deal with the only row.

    Called where a write has failed, and never before, so that a batch without a bad row costs nothing.

    Args:
        batch: what was refused; not empty.
        error: why.
        write: writes a part of it; calls this function where that is refused, too.
        alone: deals with a row that was refused alone, and why.
    """
    if len(batch) == 1:
        await alone(batch[0], error)
        return
    middle = len(batch) // 2
    await write(batch[:middle])
    await write(batch[middle:])
