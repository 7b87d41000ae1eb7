"""TaskFlow: background jobs for Python on SQLite or PostgreSQL.

No acknowledged job is lost; every state change happens exactly once; a handler runs at least once, with a
fence that lets its effects happen once.

    from taskflowmq import TaskFlow

    app = TaskFlow()

    @app.task
    async def greet(name: str) -> str:
        return f"Hello {name}"

    greet.enqueue("Ada").result(timeout=10)      # a worker must run: taskflow dev
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskflowmq.bootstrap.app import TaskFlow
    from taskflowmq.client.handle import Handle
    from taskflowmq.client.task import BoundTask, JobRequest, Task, task
    from taskflowmq.client.unique import Unique
    from taskflowmq.core.directives import Cancel, Discard, RetryAfter, Snooze
    from taskflowmq.core.errors import (
        Conflict,
        FieldError,
        IdempotencyInFlight,
        IdempotencyMismatch,
        InvalidJob,
        JobCancelled,
        JobFailed,
        JobNotFound,
        LeaseLost,
        NotUnique,
        QueueNotFound,
        ResultUnavailable,
        SchemaMismatch,
        StoreForbidden,
        StoreUnavailable,
        TaskFlowError,
        UnknownTask,
        WrongContext,
    )
    from taskflowmq.core.job import JobView, State
    from taskflowmq.core.retry import Retry
    from taskflowmq.ports.context import Context, WorkerState, current_context
    from taskflowmq.ports.hooks import AttemptError, FailedJob, HookFailed

__version__ = "0.1.0"

__all__ = [
    "AttemptError",
    "BoundTask",
    "Cancel",
    "Conflict",
    "Context",
    "Discard",
    "FailedJob",
    "FieldError",
    "Handle",
    "HookFailed",
    "IdempotencyInFlight",
    "IdempotencyMismatch",
    "InvalidJob",
    "JobCancelled",
    "JobFailed",
    "JobNotFound",
    "JobRequest",
    "JobView",
    "LeaseLost",
    "NotUnique",
    "QueueNotFound",
    "ResultUnavailable",
    "Retry",
    "RetryAfter",
    "SchemaMismatch",
    "Snooze",
    "State",
    "StoreForbidden",
    "StoreUnavailable",
    "Task",
    "TaskFlow",
    "TaskFlowError",
    "Unique",
    "UnknownTask",
    "WorkerState",
    "WrongContext",
    "__version__",
    "current_context",
    "task",
]

#: Where the names above are, the cheapest modules first. They are imported when a name is used: pytest imports
#: this package for its plugin in every project where it is installed, and ``taskflow --help`` needs no app either.
_HOMES = (
    "core.errors",
    "core.directives",
    "core.retry",
    "core.job",
    "ports.context",
    "ports.hooks",
    "client.unique",
    "client.task",
    "client.handle",
    "bootstrap.app",
)

if not TYPE_CHECKING:  # a type checker would take every name for a public one

    def __getattr__(name: str) -> object:
        """Import a public name at its first use."""
        from importlib import import_module

        for home in _HOMES if name in __all__ else ():
            module = import_module(f"{__name__}.{home}")
            if hasattr(module, name):
                globals()[name] = found = getattr(module, name)
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Name what there is, imported or not."""
        return sorted({*globals(), *__all__})
