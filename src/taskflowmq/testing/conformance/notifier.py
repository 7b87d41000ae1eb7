"""Wake-ups: sooner than polling, never instead of it. Lost ones are allowed, so the tests repeat theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from taskflowmq.core.job import QueueRef
from taskflowmq.core.operations import NewLane
from taskflowmq.core.transitions import Discarded, HandedBack, Succeeded
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import Rig, StoreSuite, transition
from taskflowmq.testing.waiting import wait_until

WITHIN_S = 10.0
#: Jobs that are ready at once would wake by themselves.
LATER_MS = 60_000


async def _heard(
    listener: AsyncIterator[QueueRef | None], sender: Rig, queues: tuple[str, ...], count: int
) -> set[str]:
    """Store jobs of the queues, then repeat the wake-up until ``count`` different queues were heard."""
    await sender.enqueue(*(sender.job(queue=queue, delay_ms=LATER_MS) for queue in queues))
    return await _heard_after(
        listener, lambda: sender.store.notifier.wake([QueueRef("default", queue) for queue in queues]), count
    )


async def _heard_after(
    listener: AsyncIterator[QueueRef | None], act: Callable[[], Coroutine[Any, Any, object]], count: int = 1
) -> set[str]:
    """Repeat an act until ``count`` different queues were heard."""
    heard: set[str] = set()

    async def listen() -> None:
        async for queue in listener:
            if queue is not None:
                assert queue.tenant == "default"
                heard.add(queue.queue)

    async def wake() -> bool:
        await act()
        return len(heard) >= count

    task = asyncio.create_task(listen())
    try:
        await wait_until(wake, WITHIN_S, what=f"{count} queues to be heard")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return heard


class TestNotifier(StoreSuite):
    """Notifier: wake, listen. In real time: wake-ups are not timed by the store."""

    async def test_another_process_hears_a_wake_up(self, rig: Rig, other: Rig) -> None:
        async with rig.store.notifier.listen([], ["mail"]) as listener:
            assert await _heard(listener, other, ("mail",), 1) == {"mail"}

    async def test_the_same_process_hears_it_too(self, rig: Rig) -> None:
        async with rig.store.notifier.listen([], ["mail"]) as listener:
            assert await _heard(listener, rig, ("mail",), 1) == {"mail"}

    async def test_only_the_topics_asked_for(self, rig: Rig, other: Rig) -> None:
        async with rig.store.notifier.listen([], ["a", "b"]) as listener:
            assert await _heard(listener, other, ("c", "b", "a", "d"), 2) == {"a", "b"}

    async def test_no_topic_means_every_queue(self, rig: Rig, other: Rig) -> None:
        async with rig.store.notifier.listen([], []) as listener:
            assert await _heard(listener, other, ("a", "b", "c"), 3) == {"a", "b", "c"}

    async def test_only_the_tenants_asked_for(self, rig: Rig, other: Rig) -> None:
        for tenant in ("default", "blue", "red"):
            await rig.put(tenant=tenant, queue="mail", delay_ms=60_000)
        heard: set[QueueRef | None] = set()

        async def listen() -> None:
            async with rig.store.notifier.listen(("blue",), ()) as queues:
                async for queue in queues:
                    heard.add(queue)

        async def wake() -> bool:
            await other.store.notifier.wake([QueueRef(tenant, "mail") for tenant in ("default", "blue", "red")])
            return QueueRef("blue", "mail") in heard

        task = asyncio.create_task(listen())
        try:
            await wait_until(wake, what="the wake-up of blue to be heard")
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert heard - {None} == {QueueRef("blue", "mail")}

    async def test_two_listeners_hear_the_same(self, rig: Rig, other: Rig) -> None:
        async with rig.store.notifier.listen([], ["a"]) as first, other.store.notifier.listen([], ["a"]) as second:
            mine, theirs = await asyncio.gather(
                _heard(first, other, ("a",), 1),
                _heard(second, rig, ("a",), 1),
            )
        assert mine == theirs == {"a"}

    async def test_a_job_that_is_moved_wakes_workers_of_its_new_queue(self, rig: Rig, other: Rig) -> None:
        async with rig.store.notifier.listen([], ["a", "b"]) as listener:
            job = await rig.put(queue="x")

            async def shuttle() -> None:
                for queue in ("a", "b"):
                    await other.store.jobs.move("default", job.id, NewLane(queue))

            assert await _heard_after(listener, shuttle, 2) == {"a", "b"}

    async def test_what_an_operator_makes_ready_wakes_workers(self, rig: Rig, other: Rig) -> None:
        jobs = other.store.jobs
        dead = [await rig.apply(await rig.running(queue="dead"), Discarded(ERROR)) for _ in range(30)]
        later = [await rig.put(queue="later", delay_ms=LATER_MS) for _ in range(30)]
        async with rig.store.notifier.listen([], ["dead"]) as listener:
            assert await _heard_after(listener, lambda: jobs.retry("default", dead.pop().id)) == {"dead"}
        async with rig.store.notifier.listen([], ["later"]) as listener:
            assert await _heard_after(listener, lambda: jobs.retry("default", later.pop().id)) == {"later"}
        await rig.put(queue="held", delay_ms=LATER_MS)
        async with rig.store.notifier.listen([], ["held"]) as listener:
            assert await _heard_after(listener, lambda: other.store.queues.resume("default", "held")) == {"held"}

    async def test_what_is_given_back_wakes_workers(self, rig: Rig, other: Rig) -> None:
        """A hand-back wakes workers, whether a draining worker, a supervisor or a rescuer settles it."""
        # Scheduled first: an enqueue that is ready at once would wake, too.
        await rig.enqueue(*(rig.job(queue=queue, delay_ms=1000) for queue in ("back", "done") for _ in range(30)))
        await rig.after(2)
        worker = await rig.worker()
        held, done = await rig.claim(worker, queues=("back",)), await rig.claim(worker, queues=("done",))
        async with rig.store.notifier.listen([], []) as listener:
            heard = await _heard_after(
                listener,
                lambda: other.store.claims.settle(
                    [transition(held.pop(), HandedBack()), transition(done.pop(), Succeeded(b"1"))]
                ),
            )
        assert heard == {"back"}

    async def test_waking_nobody_is_fine(self, rig: Rig) -> None:
        await rig.store.notifier.wake([QueueRef("default", "nobody-listens")])
        await rig.store.notifier.wake([])
        await rig.store.notifier.wake([QueueRef("default", f"queue-{n}") for n in range(500)])

    async def test_a_listener_can_leave_and_come_back(self, rig: Rig, other: Rig) -> None:
        for _ in range(3):
            async with rig.store.notifier.listen([], ["a"]) as listener:
                assert await _heard(listener, other, ("a",), 1) == {"a"}

    @pytest.mark.parametrize("queue", ["a.b:c/d-e_f", "x" * 128])
    async def test_every_queue_name_arrives_whole(self, rig: Rig, other: Rig, queue: str) -> None:
        async with rig.store.notifier.listen([], [queue]) as listener:
            assert await _heard(listener, other, (queue,), 1) == {queue}

    @pytest.mark.parametrize("steps", range(8))
    async def test_a_listener_that_is_cancelled_as_a_name_arrives_ends(self, rig: Rig, other: Rig, steps: int) -> None:
        listening = asyncio.Event()
        await rig.put(queue="mail", delay_ms=LATER_MS)

        async def listen() -> None:
            async with rig.store.notifier.listen([], ["mail"]) as topics:
                listening.set()
                async for _ in topics:
                    listening.set()

        task = asyncio.create_task(listen())
        await listening.wait()
        await other.store.notifier.wake([QueueRef("default", "mail")])
        # The name is on its way; the cancellation meets it at each of the steps between socket and listener.
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        ended, _ = await asyncio.wait([task], timeout=30)
        task.cancel()
        assert ended, "the cancellation was lost: a drain would wait for this listener for ever"
