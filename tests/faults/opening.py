"""An app whose handlers open and close it, in every way that a program may, in each kind of body."""

from __future__ import annotations

import asyncio

from taskflowmq import TaskFlow

app = TaskFlow()


@app.task
async def second(n: int) -> int:
    return n


async def _first() -> str:
    async with app:
        handle = await second.aenqueue(2)
    await app.aclose()
    return str(handle.id)


@app.task
async def in_a_coroutine() -> str:
    return await _first()


@app.task
def in_a_thread() -> str:
    with app:
        handle = second.enqueue(2)
    app.close()
    return str(handle.id)


@app.task
def in_a_loop_of_a_thread() -> str:
    return asyncio.run(_first())


@app.task(process=True)
def in_a_process() -> str:
    with app:
        handle = second.enqueue(2)
    app.close()
    return str(handle.id)


@app.task(process=True)
def in_a_loop_of_a_process() -> str:
    return asyncio.run(_first())
