"""One task does the work of all callers, and what comes meanwhile waits for its next turn."""

from __future__ import annotations

import asyncio
import contextvars

from taskflowmq.ports.background import Background

caller: contextvars.ContextVar[str] = contextvars.ContextVar("caller", default="nobody")


class Gathered:
    """Takes what has gathered, one batch at a time, when the gate is open."""

    def __init__(self) -> None:
        self.waiting: list[int] = []
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.entered = asyncio.Event()
        self.callers: list[str] = []
        self.background = Background(self._work, "test-work")

    def put(self, number: int) -> bool:
        self.waiting.append(number)
        return self.background.start()

    async def _work(self) -> None:
        self.callers.append(caller.get())
        while self.waiting:
            batch, self.waiting = self.waiting, []
            self.entered.set()
            await self.gate.wait()
            self.batches.append(batch)


async def test_what_comes_meanwhile_goes_together() -> None:
    work = Gathered()
    assert work.put(1)
    await work.entered.wait()
    assert not work.put(2)
    assert not work.put(3)
    work.gate.set()
    await work.background.ended()
    assert work.batches == [[1], [2, 3]]
    assert not work.background.running


async def test_it_begins_again_after_its_end() -> None:
    work = Gathered()
    work.gate.set()
    work.put(1)
    await work.background.ended()
    assert work.put(2)
    await work.background.ended()
    assert work.batches == [[1], [2]]


async def test_it_begins_again_after_an_error() -> None:
    tried: list[int] = []

    async def work(number: int) -> None:
        tried.append(number)
        if number == 1:
            raise ValueError(number)

    background = Background(work, "test-work")
    assert background.start(1)
    task = background._task
    await background.ended()
    assert background.start(2)
    await background.ended()
    assert tried == [1, 2]
    assert task is not None
    assert isinstance(task.exception(), ValueError)


async def test_it_keeps_nothing_that_its_first_caller_has_set() -> None:
    work = Gathered()
    work.gate.set()
    caller.set("the first")
    work.put(1)
    await work.background.ended()
    assert work.callers == ["nobody"]


async def test_stopping_ends_it_and_lets_the_next_caller_begin() -> None:
    work = Gathered()
    work.put(1)
    await work.entered.wait()
    task = work.background._task
    stopping = asyncio.create_task(work.background.stop())
    await asyncio.sleep(0)
    assert work.put(2)
    await stopping
    assert task is not None
    assert task.cancelled()
    assert work.background.running
    work.gate.set()
    await work.background.ended()
    assert work.batches == [[2]]


async def test_waiting_for_its_end_has_a_limit() -> None:
    work = Gathered()
    work.put(1)
    await work.background.ended(within=0.001)
    assert work.background.running
    await work.background.stop()
    assert not work.background.running
    await work.background.stop()
    await work.background.ended()
