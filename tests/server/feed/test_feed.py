"""The feed of one process, over a store that a test controls: when it asks, whom it serves, how it ends."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.server.feed.sources import ToldSources, job_id

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import JobFilter, State
from taskflowmq.server.edge.problems import Problem
from taskflowmq.server.feed.feed import Feed
from taskflowmq.server.feed.limits import FeedLimits
from taskflowmq.server.feed.stream import Stream
from taskflowmq.server.feed.wishes import PageWish, Wishes
from taskflowmq.testing.waiting import wait_until

ONE = frozenset({job_id(1)})


class Reader:
    """A client that takes what a stream sends."""

    def __init__(self, feed: Feed, caller: str = "ada", may_stay: Callable[[], bool] = lambda: True, **wishes: Any):
        self.stream = Stream(Wishes(**{"tenant": "default", **wishes}), caller, may_stay, feed.limits, feed.now)
        self.came: asyncio.Queue[bytes] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()
        self.sending = asyncio.create_task(self.stream.send_all(self.send, feed.is_current))

    async def send(self, chunk: bytes) -> None:
        self.came.put_nowait(chunk)
        await self.reads.wait()

    async def next(self) -> list[tuple[str, Any]]:
        """Return the events of the next chunk; a comment has none."""
        async with asyncio.timeout(20):
            return parsed(await self.came.get())

    async def until(self, name: str) -> Any:
        """Return the data of the next event of this name."""
        while True:
            for found, data in await self.next():
                if found == name:
                    return data


def parsed(chunk: bytes) -> list[tuple[str, Any]]:
    events = [part for part in chunk.decode().split("\n\n") if part and part != ":"]
    lines = [dict(line.split(": ", 1) for line in event.split("\n")) for event in events]
    return [(line["event"], json.loads(line["data"])) for line in lines]


@pytest.fixture
def sources() -> ToldSources:
    made = ToldSources()
    made.jobs["default"] = {job_id(1): State.PENDING}
    return made


@pytest.fixture
async def feed(sources: ToldSources) -> AsyncIterator[Feed]:
    made = Feed(sources, FeedLimits(comment_s=0.05, again_s=0.1, drain_s=0.2, most=4, most_each=2))
    yield made
    await made.close()


@asynccontextmanager
async def reading(feed: Feed, *args: Any, **wishes: Any) -> AsyncIterator[Reader]:
    """Read a stream while the body runs."""
    reader = Reader(feed, *args, **wishes)
    with feed.joined(reader.stream):
        try:
            yield reader
        finally:
            reader.sending.cancel()
            await asyncio.wait([reader.sending])


async def test_nothing_is_asked_while_nobody_watches(feed: Feed, sources: ToldSources) -> None:
    feed.ring()
    async with reading(feed, jobs=ONE) as reader:
        await reader.until("jobs")
        await wait_until(lambda: sources.bells == 1, 20)
    await wait_until(lambda: not feed._ticking.running, 20)
    asked = dict(sources.asked)
    feed.ring()
    sources.write()
    for _ in range(50):
        await asyncio.sleep(0)
    assert (dict(sources.asked), sources.bells, feed._ticking.running) == (asked, 0, False)


async def test_who_comes_after_the_last_one_left_is_served_from_the_present(feed: Feed, sources: ToldSources) -> None:
    for state in (State.PENDING, State.RUNNING, State.DEAD):
        sources.jobs["default"][job_id(1)] = state
        async with reading(feed, jobs=ONE) as reader:
            (row,) = await reader.until("jobs")
            assert row["state"] == state
    async with reading(feed, jobs=ONE) as last:
        await last.until("jobs")


async def test_a_stream_says_hello_before_the_store_answers(feed: Feed, sources: ToldSources) -> None:
    sources.held = asyncio.Event()
    async with reading(feed, jobs=ONE) as reader:
        ((name, data),) = await reader.next()
        assert (name, data["interval_ms"]) == ("hello", 250)
        sources.held.set()
        assert await reader.until("jobs")


async def test_a_change_is_sent_to_all_that_show_it(feed: Feed, sources: ToldSources) -> None:
    async with reading(feed, jobs=ONE) as first, reading(feed, jobs=ONE) as second:
        for reader in (first, second):
            await reader.until("jobs")
        sources.jobs["default"][job_id(1)] = State.RUNNING
        sources.write()
        feed.ring()
        for reader in (first, second):
            assert [row["state"] for row in await reader.until("jobs")] == ["running"]


async def test_a_wake_up_brings_the_next_look_forward(sources: ToldSources) -> None:
    now = [100.0]
    feed = Feed(sources, FeedLimits(), lambda: now[0])
    async with reading(feed, jobs=ONE) as reader:
        await reader.until("jobs")
        now[0] += 0.15  # a look is due after 0.25 s, or after 0.1 s where something was written
        sources.jobs["default"][job_id(1)] = State.RUNNING
        sources.write()
        sources.rung.set()
        assert [row["state"] for row in await reader.until("jobs")] == ["running"]
        assert sources.asked["revision"] == 2
    await feed.close()


async def test_a_reader_that_takes_nothing_gets_the_latest_state_and_holds_nobody_up(
    feed: Feed, sources: ToldSources
) -> None:
    async with reading(feed, jobs=ONE) as slow, reading(feed, jobs=ONE) as other:
        await slow.until("jobs")
        slow.reads.clear()
        for state in (State.RUNNING, State.RETRYING, State.RUNNING, State.DEAD):
            sources.jobs["default"][job_id(1)] = state
            sources.write()
            feed.ring()
            while (await other.until("jobs"))[0]["state"] != state:
                pass
        slow.reads.set()
        states = []
        while "dead" not in states:
            states += [row["state"] for row in await slow.until("jobs")]
        assert len(states) <= 2, "one that was on its way, and the last"


async def test_a_stream_of_a_caller_who_may_not_stay_ends(sources: ToldSources) -> None:
    allowed = [True]
    feed = Feed(sources, FeedLimits(comment_s=0.01, recheck_s=0.0))
    async with reading(feed, "ada", lambda: allowed[0], jobs=ONE) as reader:
        await reader.until("jobs")
        allowed[0] = False
        assert await reader.until("bye") == {"after_ms": 0}
    await feed.close()


async def test_a_silent_stream_sends_comments_while_the_store_answers(feed: Feed, sources: ToldSources) -> None:
    async with reading(feed, jobs=ONE) as reader:
        await reader.until("jobs")
        assert [await reader.next() for _ in range(3)] == [[], [], []]


async def test_beyond_its_limits_a_feed_refuses_and_says_when_to_come_back(feed: Feed) -> None:
    async with reading(feed, "ada"), reading(feed, "ada"), reading(feed, "bob"):
        with (
            pytest.raises(Problem, match="This caller has 2 streams already") as refused,
            feed.joined(Reader(feed, "ada").stream),
        ):
            pass
        assert (refused.value.status, refused.value.code) == (503, "too_many_streams")
        assert dict(refused.value.headers)["Retry-After"] == "10"
        async with reading(feed, "bob"):
            with pytest.raises(Problem, match="serves 4 streams already"), feed.joined(Reader(feed, "eve").stream):
                pass
        async with reading(feed, "eve"):
            assert len(feed) == 4
    async with reading(feed, "ada"), reading(feed, "ada"):
        assert len(feed) == 2


# -------------------------------------------------------------------------------------------------------- outages


async def test_in_an_outage_clients_are_told_hear_nothing_and_get_everything_afterwards(
    feed: Feed, sources: ToldSources, caplog: pytest.LogCaptureFixture
) -> None:
    page = PageWish("", JobFilter(), top=job_id(0))
    async with reading(feed, jobs=ONE, pages=(page,), values=("stats",)) as reader:
        await reader.until("stats")
        sources.failure = StoreUnavailable("it is down")
        sources.write()
        feed.ring()
        assert await reader.until("resync") == {"reason": "interrupted"}
        sources.failure = None
        found = [await reader.next()]
        while not found[-1]:
            found.append(await reader.next())
        assert found[-1] == [
            ("resync", {"reason": "restored"}),
            ("jobs", found[-1][1][1]),
            ("page", {"page": "", "new": [], "exact": True}),
            ("stats", {}),
        ]
    lines = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == 2
    assert "live feed" in lines[0]
    assert "answers again" in lines[1]


async def test_while_the_store_is_silent_there_are_no_comments(sources: ToldSources) -> None:
    now = [100.0]
    feed = Feed(sources, FeedLimits(comment_s=0.01), lambda: now[0])
    async with reading(feed, jobs=ONE) as reader:
        await reader.until("jobs")
        assert await reader.next() == []
        sources.held = asyncio.Event()
        now[0] += 60.0
        feed.ring()
        await wait_until(lambda: sources.asked["revision"] == 2, 20)
        for _ in range(20):  # long enough for several
            await asyncio.sleep(0.01)
        assert reader.came.qsize() <= 1, "at most one that was on its way"
        sources.held.set()
    await feed.close()


async def test_an_error_of_our_own_is_logged_and_ends_nothing(
    feed: Feed, sources: ToldSources, caplog: pytest.LogCaptureFixture
) -> None:
    async with reading(feed, jobs=ONE) as reader:
        await reader.until("jobs")
        sources.failure = ZeroDivisionError("a mistake")
        feed.ring()
        await reader.until("resync")
        sources.failure = None
        await reader.until("jobs")
    assert "ZeroDivisionError" in caplog.text


async def test_a_look_that_took_long_has_lists_asked_again(sources: ToldSources) -> None:
    now = [100.0]
    feed = Feed(sources, FeedLimits(), lambda: now[0])
    async with reading(feed, jobs=ONE) as reader:
        await reader.until("jobs")
        sources.held = asyncio.Event()
        sources.jobs["default"][job_id(1)] = State.DEAD
        sources.write()
        now[0] += 1
        feed.ring()
        await wait_until(lambda: sources.asked["revision"] == 2, 20)
        now[0] += 6
        sources.held.set()
        assert await reader.next() == [("resync", {"reason": "slow"})]
    await feed.close()


async def test_who_would_have_to_follow_too_much_asks_again(feed: Feed, sources: ToldSources) -> None:
    rows = frozenset(map(job_id, range(1, 121)))
    pages = tuple(PageWish(f"queue={n}", JobFilter(queue=str(n)), top=job_id(0)) for n in range(4))
    async with reading(feed, jobs=rows, pages=pages) as reader:
        await reader.until("page")
        sources.jobs["default"] = dict.fromkeys(rows, State.DEAD)
        for page in pages:
            sources.pages[page.query] = tuple(map(job_id, range(400, 300, -1)))
        sources.write()
        feed.ring()
        while not (found := await reader.next()) or found[0][0] == "page":
            pass
        assert found == [("resync", {"reason": "many_changes"})]


# --------------------------------------------------------------------------------------------------------- the end


async def test_at_drain_every_stream_says_bye_and_no_other_begins(feed: Feed) -> None:
    async with reading(feed, "ada", jobs=ONE) as first, reading(feed, "bob", jobs=ONE) as second:
        for reader in (first, second):
            await reader.until("jobs")
        await feed.drain()
        times = [(await reader.until("bye"))["after_ms"] for reader in (first, second)]
        assert all(0 < after <= 2000 for after in times)
        with pytest.raises(Problem, match="stopping"), feed.joined(Reader(feed, "eve").stream):
            pass
    feed.open()
    async with reading(feed, "eve", jobs=ONE) as third:
        assert await third.until("jobs")


async def test_a_drain_does_not_wait_for_a_reader_that_takes_nothing(feed: Feed) -> None:
    async with reading(feed, jobs=ONE) as reader:
        await reader.until("jobs")
        reader.reads.clear()
        async with asyncio.timeout(10):
            await feed.drain()
            with pytest.raises(TimeoutError):
                await reader.sending


async def test_what_waits_is_sent_before_bye(sources: ToldSources) -> None:
    feed = Feed(sources)
    reader = Reader(feed, jobs=ONE)
    reader.stream.tell({job_id(1): None}, {}, {"stats": b"{}"}, {})
    reader.stream.end(7)
    await reader.sending
    assert [name for name, _ in await reader.next()] == ["hello"]
    assert [name for name, _ in await reader.next()] == ["jobs", "stats", "bye"]
