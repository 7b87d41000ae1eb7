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

from taskflowmq.bootstrap.app import TaskFlow
from taskflowmq.client.handle import Handle
from taskflowmq.client.task import BoundTask, JobRequest, Task, task
from taskflowmq.client.unique import Unique
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
    ResultUnavailable,
    SchemaMismatch,
    StoreUnavailable,
    TaskFlowError,
    UnknownTask,
    WrongContext,
)
from taskflowmq.core.job import JobView, State
from taskflowmq.core.retry import Retry
from taskflowmq.core.signals import Cancel, Discard, RetryAfter, Snooze
from taskflowmq.ports.context import Context, current_context

__version__ = "0.1.0"

__all__ = [
    "BoundTask",
    "Cancel",
    "Conflict",
    "Context",
    "Discard",
    "FieldError",
    "Handle",
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
    "ResultUnavailable",
    "Retry",
    "RetryAfter",
    "SchemaMismatch",
    "Snooze",
    "State",
    "StoreUnavailable",
    "Task",
    "TaskFlow",
    "TaskFlowError",
    "Unique",
    "UnknownTask",
    "WrongContext",
    "__version__",
    "current_context",
    "task",
]
