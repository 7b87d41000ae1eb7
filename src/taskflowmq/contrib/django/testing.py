"""Testing a Django project that enqueues: a store for each test, and jobs that run on the connections of the test.

::

    class OrderTests(TaskFlowMixin, TestCase):
        def test_an_order_asks_for_its_receipt(self):
            self.client.post("/orders", …)
            self.assert_enqueued(send_receipt, args={"order_id": 1})
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Unpack

from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.test import SimpleTestCase

from taskflowmq import Context, JobView, Task, TaskFlow
from taskflowmq.client.app import BaseApp
from taskflowmq.contrib.django.connections import renew_for_coroutines, renew_where_the_body_runs
from taskflowmq.contrib.django.site import get_app
from taskflowmq.testing.app import drain, in_memory_app
from taskflowmq.testing.assertions import Matching, assert_enqueued, refute_enqueued
from taskflowmq.testing.clock import VirtualClock


class TaskFlowMixin(SimpleTestCase):  # type: ignore[misc]  # Django has no types
    """For classes of tests, beside TestCase or TransactionTestCase; name it first.

    Each test has an empty store of its own, of which the project's database knows nothing. What is enqueued with
    ``conn=connection`` belongs to the transaction of the test: :meth:`assert_enqueued` sees it, a rollback drops it,
    and ``with self.captureOnCommitCallbacks(execute=True):`` commits it, so that :meth:`drain` runs it.

    Attributes:
        taskflow: the project's app.
        taskflow_clock: the time that the store goes by; ``self.taskflow_clock.advance(60)`` moves it.
    """

    taskflow: TaskFlow
    taskflow_clock: VirtualClock

    def setUp(self) -> None:
        """Give the app its store."""
        super().setUp()
        self.taskflow_clock = VirtualClock()
        self.taskflow = self.enterContext(in_memory_app(get_app(), clock=self.taskflow_clock))

    def assert_enqueued(
        self,
        task: Task[Any, Any] | str,
        *,
        count: int | None = None,
        conn: Any = connection,
        **matching: Unpack[Matching],
    ) -> list[JobView]:
        """Fail unless such a job was enqueued: stored, or in the open transaction of this connection."""
        return assert_enqueued(self.taskflow, task, count=count, conn=conn, **matching)

    def refute_enqueued(
        self, task: Task[Any, Any] | str, *, conn: Any = connection, **matching: Unpack[Matching]
    ) -> None:
        """Fail if such a job was enqueued."""
        refute_enqueued(self.taskflow, task, conn=conn, **matching)

    def drain(self) -> int:
        """Run every stored job that is due, one at a time, on the connections of this test.

        Returns:
            how many bodies ended. What is not committed is not run: see ``captureOnCommitCallbacks``.
        """
        with connections_shared(self.taskflow):
            return drain(self.taskflow, concurrency=1)


@contextmanager
def connections_shared(app: BaseApp) -> Iterator[None]:
    """Let bodies use the connections of this thread, and so see what its open transaction has written.

    One body at a time: a connection serves one. In TestCase every test is a transaction that is never committed, and a
    database in memory belongs to its connection, so a body on a connection of its own would see neither.
    """
    shared = {alias: connections[alias] for alias in connections}
    hooks = app.tasks.hooks
    before = list(hooks.arounds)

    def share() -> None:
        for alias, one in shared.items():
            connections[alias] = one

    def unshare() -> None:
        for alias in shared:
            del connections[alias]

    def in_threads(ctx: Context) -> Iterator[None]:
        if asyncio._get_running_loop() is not None:
            yield
            return
        share()
        try:
            yield
        finally:
            unshare()

    async def in_the_executor(ctx: Context) -> AsyncIterator[None]:
        await sync_to_async(share)()
        try:
            yield
        finally:
            await sync_to_async(unshare)()

    for one in shared.values():
        one.inc_thread_sharing()
    # Replaces the hook that closes old connections: a body must not close those of a test.
    hooks.arounds[:] = [each for each in before if each.fn not in (renew_for_coroutines, renew_where_the_body_runs)]
    app.around(in_threads)
    app.around(in_the_executor)
    try:
        yield
    finally:
        hooks.arounds[:] = before
        for one in shared.values():
            one.dec_thread_sharing()
