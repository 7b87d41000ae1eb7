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

    Call it only after a write has failed, so that a batch without a bad row costs nothing.

    Args:
        batch: the rows that were refused; not empty.
        error: why.
        write: writes a part of it; calls this function if that part is refused, too.
        alone: deals with a row that was refused alone, and why.
    """
    if len(batch) == 1:
        await alone(batch[0], error)
        return
    middle = len(batch) // 2
    await write(batch[:middle])
    await write(batch[middle:])
