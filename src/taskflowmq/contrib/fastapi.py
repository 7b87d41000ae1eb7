"""TaskFlow in a FastAPI program: open with it, close with it, enqueue in the transaction of a request.

    from taskflowmq.contrib.fastapi import JobSender, lifespan, sender_on

    api = FastAPI(lifespan=lifespan(app))
    Jobs = Annotated[JobSender, Depends(sender_on(get_session))]

    @api.post("/orders", status_code=201)
    async def place(order: NewOrder, session: Annotated[AsyncSession, Depends(get_session)], jobs: Jobs):
        session.add(…)
        await jobs.aenqueue(send_receipt, order.email)      # there with the commit, gone with the rollback
        await session.commit()

docs/fastapi.md shows all of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Annotated, Any, ParamSpec, TypeVar

from taskflowmq.client.extras import require

require("fastapi", "taskflowmq.contrib.fastapi")

from fastapi import Depends, FastAPI  # noqa: E402 - the line above says what to install
from starlette.requests import HTTPConnection  # noqa: E402

from taskflowmq import BoundTask, Handle, Task, TaskFlow, WrongContext  # noqa: E402

P = ParamSpec("P")
R = TypeVar("R")

#: What a program's own lifespan is: a function that gets the FastAPI app and returns a context manager.
Lifespan = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any] | None]]


def lifespan(
    app: TaskFlow, *, inner: Lifespan | None = None, worker: bool | Mapping[str, Any] = False
) -> Callable[[FastAPI], AbstractAsyncContextManager[dict[str, Any]]]:
    """Return a lifespan for ``FastAPI(lifespan=…)`` that opens the TaskFlow app and closes it.

    Args:
        app: open while the program serves; :func:`get_taskflow` returns it.
        inner: the program's own lifespan. It runs inside: what it enqueues at its start or its end is stored. Its
            state is kept.
        worker: also run jobs in this process, as ``app.worker()`` does: True, or options such as
            ``{"concurrency": 10}``. Each process of uvicorn has a worker of its own then. It drains at the end,
            after the inner lifespan.
    """

    @asynccontextmanager
    async def opened(api: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(app)
            if worker is not False:
                await stack.enter_async_context(app.worker(**({} if worker is True else worker)))
            said = None if inner is None else await stack.enter_async_context(inner(api))
            # On the program too: a test client that is not entered runs no lifespan, and then has no state.
            api.state.taskflow = app
            yield {**(said or {}), "taskflow": app}

    return opened


async def get_taskflow(connection: HTTPConnection) -> TaskFlow:
    """Return the app that :func:`lifespan` opened, as a dependency; see :data:`TaskFlowApp`.

    Raises:
        WrongContext: the lifespan did not run.
    """
    found = getattr(connection.state, "taskflow", None) or getattr(connection.app.state, "taskflow", None)
    if not isinstance(found, TaskFlow):
        raise WrongContext(
            "no TaskFlow app is open in this program: give FastAPI(lifespan=taskflowmq.contrib.fastapi.lifespan(app)), "
            "and in tests enter the client: `with TestClient(api) as client:`"
        )
    return found


#: A parameter of an endpoint that receives the open app: ``async def show(taskflow: TaskFlowApp): …``.
TaskFlowApp = Annotated[TaskFlow, Depends(get_taskflow)]


class JobSender:
    """Enqueues on one connection or session, so that jobs are committed and rolled back with the rest of a request.

    Args:
        conn: a connection or session of the request: SQLAlchemy 2, asyncpg, psycopg 3, sqlite3 or aiosqlite.
    """

    def __init__(self, conn: Any) -> None:
        self.conn = conn

    async def aenqueue(self, task: Task[P, R] | BoundTask[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """Store a job in the open transaction; the commit is yours.

        Args:
            task: a task, or one with options: ``send_receipt.using(delay=60)``.
            args, kwargs: the arguments of the job.

        Raises:
            InvalidJob: an argument is wrong; nothing was stored.
            StoreUnavailable: the database does not answer.
        """
        return await task.using(conn=self.conn).aenqueue(*args, **kwargs)

    def enqueue(self, task: Task[P, R] | BoundTask[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """Do the same on a blocking connection, in an endpoint that is a plain function."""
        return task.using(conn=self.conn).enqueue(*args, **kwargs)


def sender_on(session: Callable[..., Any]) -> Callable[..., Awaitable[JobSender]]:
    """Return a dependency that enqueues on the connection or session of another dependency.

    ``Depends(sender_on(get_session))`` and ``Depends(get_session)`` share one session within a request.

    Args:
        session: the dependency that gives the request its session.
    """

    async def sender(conn: Any = Depends(session)) -> JobSender:  # noqa: B008 - FastAPI reads it there
        return JobSender(conn)

    return sender
