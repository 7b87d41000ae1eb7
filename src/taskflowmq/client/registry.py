"""The tasks of one app, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from taskflowmq.client.task import Task
from taskflowmq.core.errors import UnknownTask
from taskflowmq.core.interactive import is_written_anew
from taskflowmq.ports.hooks import Hooks


class Registry:
    """The tasks of one app, and its hooks. Names are unique; ``revision`` grows with each new task."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task[Any, Any]] = {}
        self._revision = 0
        self.hooks = Hooks()

    @property
    def revision(self) -> int:
        """A number that changes whenever a task is added or redefined."""
        return self._revision

    def add(self, task: Task[Any, Any]) -> bool:
        """Add a task; False if this very task is registered. In a notebook, a redefined task replaces the old one.

        Raises:
            ValueError: another task has the name.
        """
        other = self._tasks.get(task.name)
        if other is task:
            return False
        if other is not None and not is_written_anew(other.fn, task.fn):
            raise ValueError(
                f"two tasks are named {task.name!r}: {_where(other)} and {_where(task)}. Give one a name=…"
            )
        self._tasks[task.name] = task
        self._revision += 1
        return True

    def get(self, name: str) -> Task[Any, Any] | None:
        """Return a task, or None."""
        return self._tasks.get(name)

    def names(self) -> tuple[str, ...]:
        """Return the names of all tasks, sorted."""
        return tuple(sorted(self._tasks))

    def __getitem__(self, name: str) -> Task[Any, Any]:
        """Return a task, or raise :class:`UnknownTask`."""
        try:
            return self._tasks[name]
        except KeyError:
            raise UnknownTask(name) from None

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a task of this name."""
        return name in self._tasks

    def __iter__(self) -> Iterator[Task[Any, Any]]:
        """Iterate over the tasks, in the order in which they were added."""
        return iter(tuple(self._tasks.values()))

    def __len__(self) -> int:
        """Return how many tasks there are."""
        return len(self._tasks)


def _where(task: Task[Any, Any]) -> str:
    return f"{task.fn.__module__}.{task.fn.__qualname__}"
