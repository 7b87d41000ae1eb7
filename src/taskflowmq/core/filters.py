"""What a reader of lists may ask for: how much at a time, which states, and in which order."""

from __future__ import annotations

from collections.abc import Iterable

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.job import Sort, State

#: Most jobs, or queues, of one page.
MAX_PAGE = 1_000


def split_words(text: str) -> list[str]:
    """Return the words of a text that separates them by commas."""
    return [word.strip() for word in text.split(",")]


def read_states(given: State | str | Iterable[State | str] | None) -> tuple[State, ...]:
    """Return states that were given by name, each once.

    Args:
        given: one or several; None means any, and no state is returned.

    Raises:
        InvalidJob: one of them is not a state.
    """
    if given is None:
        return ()
    states: dict[State, None] = {}
    for name in (given,) if isinstance(given, str) else given:
        try:
            states[State(name)] = None
        except ValueError:
            raise InvalidJob.at("/state", f"{name!r:.40} is not a state; states are: {', '.join(State)}") from None
    return tuple(states)


def read_sort(given: Sort | str) -> Sort:
    """Return an order that was given by name.

    Raises:
        InvalidJob: it is none.
    """
    try:
        return Sort(given)
    except ValueError:
        raise InvalidJob.at("/sort", f"{given!r:.40} is not an order; orders are: {', '.join(Sort)}") from None
