"""Your app on a database of its own, and its jobs run where you can watch them.

Nothing is faked: jobs go through the real checks into a real SQLite file and run in the real worker, so what would
break in production, such as an argument that JSON cannot hold, breaks in the test.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

from taskflowmq.bootstrap.embed import EmbeddedWorker
from taskflowmq.bootstrap.stores import make_store
from taskflowmq.client.app import BaseApp
from taskflowmq.client.ids import IdFactory
from taskflowmq.ports.clock import Clock
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.recording import Recorder, RecordingStore, recording

A = TypeVar("A", bound=BaseApp)

#: Nothing in a test outlives it, so it need not survive a power cut.
OPTIONS: dict[str, Any] = {"synchronous": "NORMAL", "wake": False}


class in_memory_app(Generic[A]):  # noqa: N801 - used like a function
    """Give an app an empty database of its own for the length of a ``with`` or ``async with`` block.

    The app itself is used, not a copy: its tasks enqueue into that database, too. Afterwards the app has its own
    database again, and everything is gone.

    What the program enqueues on its own connections (``conn=``) is written down beside its transaction: a rollback
    drops it, the commit stores it in the test's database. ``assert_enqueued(…, conn=conn)`` sees it before.

    Args:
        app: any app; it should not be in use.
        clock: the time that the database sees; a :class:`VirtualClock` makes scheduled jobs due on demand.
        url: a database of the test itself, instead of a new one: what the program enqueues on its own connections to
            it is stored there, by any driver. Nothing is deleted from it.
    """

    def __init__(self, app: A, *, clock: Clock | None = None, url: str | None = None) -> None:
        self._app = app
        self._clock = clock
        self._url = url
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> A:
        """Begin, in a program or test without a loop."""
        url, options = self._url, dict[str, Any]()
        if url is None:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="taskflow-test-"))
            url, options = f"sqlite:///{Path(folder) / 'test.db'}", OPTIONS
        recorder = Recorder(self._app, self._clock, stores=self._url is not None)

        def own_store(address: str) -> Any:
            return RecordingStore(make_store(address, options=options, clock=self._clock), recorder)

        # Ids carry their time, and a database refuses those that are far from its own.
        new_id = IdFactory(self._clock.time_ns) if isinstance(self._clock, VirtualClock) else IdFactory()
        self._stack.enter_context(self._app.redirected(own_store, new_id, url))
        self._stack.enter_context(recording(self._app, recorder))
        return self._app

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close and delete the database."""
        self._stack.__exit__(kind, error, trace)

    async def __aenter__(self) -> A:
        """Begin, on the running loop, with the database open."""
        app = self.__enter__()
        await app.aopen()
        return app

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close and delete the database."""
        await self._app.hub.leave(for_all=True)
        self._stack.__exit__(kind, error, trace)


async def adrain(app: BaseApp, *, concurrency: int = 20) -> int:
    """Run every job that is ready or due, and those that they enqueue, in the real worker, here and now.

    Args:
        app: whose jobs.
        concurrency: how many at once; 1 where bodies share something, such as a connection of the test.

    Returns:
        how many bodies ended. Failed jobs wait for their retry: move the clock, and drain again.
    """
    return await EmbeddedWorker(app, {"concurrency": concurrency, "run_duties": False}).arun_until_idle()


def drain(app: BaseApp, *, concurrency: int = 20) -> int:
    """Blocking twin of :func:`adrain`, for tests that are plain functions."""
    return app.hub.run(lambda: adrain(app, concurrency=concurrency))


class Drain:
    """What the fixture ``taskflow_drain`` gives: ``taskflow_drain()``, or ``await taskflow_drain.a()``."""

    def __init__(self, app: BaseApp) -> None:
        self._app = app

    def __call__(self) -> int:
        """Drain, in a test that is a plain function."""
        return drain(self._app)

    async def a(self) -> int:
        """Drain, in a test that is a coroutine function."""
        return await adrain(self._app)
