"""Django's connections around bodies.

Django checks its connections at the start and the end of a request. A worker has no requests, so without this one cut
of the database fails every later job that meets a connection of before.

Connections belong to threads. The body of a plain function uses those of its thread or process. That of a coroutine
function has none on the loop's thread: ``sync_to_async``, and every ``a…`` method of the ORM, runs in one thread that
all coroutines of a process share (``thread_sensitive``), so that is where they are checked for it. A connection inside
``atomic()`` is left alone by Django, so a job never closes what another one is using.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from taskflowmq import Context, TaskFlow
from taskflowmq.ports.context import running


def renew_connections(app: TaskFlow) -> None:
    """Have Django's connections checked before and after each body of an app, as around a request.

    What is broken or older than CONN_MAX_AGE is closed, and opened again by the next query. Calling it twice is
    harmless; the app of TASKFLOW has it.
    """
    app.around(renew_where_the_body_runs)
    app.around(renew_for_coroutines)


def renew_where_the_body_runs(ctx: Context) -> Iterator[None]:
    """Check the connections of this thread, unless it is a loop's, which has none."""
    if asyncio._get_running_loop() is not None:
        yield
        return
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()


async def renew_for_coroutines(ctx: Context) -> AsyncIterator[None]:
    """Check the connections of the thread that serves coroutines, around the body of one."""
    run = running.get()
    if run is None or not run.is_coroutine:
        yield
        return
    close = sync_to_async(close_old_connections)
    await close()
    try:
        yield
    finally:
        await close()
