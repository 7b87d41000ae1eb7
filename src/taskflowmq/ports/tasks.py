"""Tasks as the worker and the server see them: a name, options, and how arguments become a call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import msgspec

from taskflowmq.core.redaction import Hider
from taskflowmq.core.retry import Retry
from taskflowmq.ports.hooks import Hooks


class Runs(StrEnum):
    """Where a body runs: on the child's loop, in one of its threads, or in a killable process."""

    COROUTINE = "coroutine"
    THREAD = "thread"
    PROCESS = "process"


class TaskNotice(NamedTuple):
    """What a program announces of one of its tasks.

    Attributes:
        name: the task's name.
        args_schema: JSON Schema of its arguments.
        options: JSON object of its options, in the words of REST; None from programs that announce none.
    """

    name: str
    args_schema: bytes
    options: bytes | None = None


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """A task that the store knows; schema and options are None if no program has announced them."""

    name: str
    args_schema: bytes | None
    options: bytes | None = None
    seen_at: datetime


class TaskSpec(Protocol):
    """One registered task."""

    @property
    def name(self) -> str:
        """The name under which jobs are stored."""
        ...

    @property
    def queue(self) -> str:
        """The queue that jobs enter unless they say otherwise."""
        ...

    @property
    def runs(self) -> Runs:
        """Where the body runs."""
        ...

    @property
    def retry(self) -> Retry:
        """The retry policy."""
        ...

    @property
    def timeout_ms(self) -> int | None:
        """The default time limit of one attempt."""
        ...

    @property
    def stops_with_lease(self) -> bool:
        """Whether its bodies are stopped before a rescuer may settle their jobs, or continue to a fenced completion."""
        ...

    @property
    def wants_context(self) -> bool:
        """Whether the function takes a Context first."""
        ...

    @property
    def hides(self) -> Hider | None:
        """What hides fields of its jobs from readers; None: nothing does."""
        ...

    @property
    def fn(self) -> Callable[..., Any]:
        """The plain function."""
        ...

    def decode(self, args: bytes) -> dict[str, Any]:
        """Turn stored arguments into keyword arguments of the declared types.

        Raises:
            InvalidJob: they do not fit; ``errors`` name the fields.
        """
        ...

    def encode_result(self, value: Any) -> bytes:
        """Turn a returned value into JSON.

        Raises:
            InvalidJob: it cannot be stored.
        """
        ...

    def notice(self) -> TaskNotice:
        """Return what is announced of it in the store: the JSON Schema of its arguments, and its options."""
        ...


class TaskRegistry(Protocol):
    """The tasks of one app, and what it runs around them."""

    @property
    def hooks(self) -> Hooks:
        """The hooks of the app."""
        ...

    @property
    def revision(self) -> int:
        """A number that changes whenever a task is added."""
        ...

    def get(self, name: str) -> TaskSpec | None:
        """Return a task, or None."""
        ...

    def names(self) -> tuple[str, ...]:
        """Return the names of all tasks, sorted."""
        ...
