"""What is asked for all streams together, and what each is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.server.feed.sources import ToldSources, job_id

from taskflowmq.core.inspection import InspectionKind, InspectionState
from taskflowmq.core.job import JobFilter, State
from taskflowmq.ports.store import MAX_PROBED
from taskflowmq.server.feed.limits import FeedLimits
from taskflowmq.server.feed.questions import LATE_LINES_S, Questions
from taskflowmq.server.feed.stream import Stream
from taskflowmq.server.feed.wishes import PageWish, Wishes
from taskflowmq.wire.inspection import InspectionNews

DEAD = JobFilter(states=(State.DEAD,))


def asked(state: InspectionState) -> InspectionNews:
    """Return a request for the stack of a job."""
    return InspectionNews(id=UUID(int=9), kind=InspectionKind.STACK, state=state)


class Room:
    """Streams, and a clock that a test sets."""

    def __init__(self) -> None:
        self.sources = ToldSources()
        self.now = 0.0
        self.questions = Questions(self.sources, FeedLimits(), lambda: self.now)
        self.streams: list[Stream] = []

    def stream(self, **wishes: Any) -> Stream:
        made = Stream(Wishes(**{"tenant": "default", **wishes}), "ada", lambda: True, FeedLimits(), lambda: self.now)
        self.streams.append(made)
        return made

    async def tick(self) -> Mapping[Stream, Any]:
        """Ask, a quarter of a second after the last time, and mark every stream as served."""
        self.now += 0.25
        self.sources.asked.clear()
        self.sources.probed.clear()
        told = await self.questions.ask(self.streams)
        for stream in self.streams:
            stream.is_served = True
        return told


@pytest.fixture
def room() -> Room:
    return Room()


def some(*numbers: int) -> frozenset[UUID]:
    return frozenset(map(job_id, numbers))


async def test_a_new_stream_is_told_everything_and_later_only_what_changed(room: Room) -> None:
    room.sources.jobs["default"] = dict.fromkeys(some(1, 2), State.PENDING)
    stream = room.stream(jobs=some(1, 2, 3))
    told = (await room.tick())[stream]
    assert {one: found and found.state for one, found in told.jobs.items()} == {
        job_id(1): State.PENDING,
        job_id(2): State.PENDING,
        job_id(3): None,
    }
    room.sources.jobs["default"][job_id(2)] = State.RUNNING
    room.sources.write()
    told = (await room.tick())[stream]
    assert [(one, found.state) for one, found in told.jobs.items()] == [(job_id(2), State.RUNNING)]


async def test_while_nothing_is_written_only_the_revision_is_asked(room: Room) -> None:
    page = PageWish("state=dead", DEAD)
    room.stream(jobs=some(1), pages=(page,), details=some(1), values=("stats", "queues", "workers"))
    await room.tick()
    for _ in range(20):
        told = await room.tick()
        assert room.sources.asked == {"revision": 1}
        assert all(not any((news.jobs, news.pages, news.values, news.details, news.logs)) for news in told.values())


async def test_jobs_and_filters_of_several_streams_are_one_question(room: Room) -> None:
    for text in ("state=dead", "state=dead&queue="):
        room.stream(jobs=some(1, 2), pages=(PageWish(text, DEAD),), values=("stats",))
    room.stream(jobs=some(2, 3), pages=(PageWish("", JobFilter()),), values=("stats",))
    await room.tick()
    assert room.sources.asked == {"revision": 1, "jobs": 1, "page": 2, "stats": 1}
    assert room.sources.probed == [("default", sorted(some(1, 2, 3)))]


async def test_many_jobs_are_asked_in_parts(room: Room) -> None:
    for start in range(0, 1200, 120):
        room.stream(jobs=some(*range(start, start + 120)))
    await room.tick()
    assert [len(found) for _, found in room.sources.probed] == [MAX_PROBED, MAX_PROBED, 200]


async def test_a_stream_sees_its_own_tenant_only(room: Room) -> None:
    room.sources.jobs = {"blue": {job_id(1): State.RUNNING}, "default": {job_id(2): State.DEAD}}
    ours, theirs = room.stream(jobs=some(1, 2)), room.stream(jobs=some(1, 2), tenant="blue")
    told = await room.tick()
    assert {one: found and found.state for one, found in told[ours].jobs.items()} == {
        job_id(1): None,
        job_id(2): State.DEAD,
    }
    assert told[theirs].jobs[job_id(1)].state is State.RUNNING
    assert told[theirs].jobs[job_id(2)] is None


async def test_a_stream_that_comes_later_is_told_everything_and_the_others_nothing_again(room: Room) -> None:
    room.sources.jobs["default"] = {job_id(1): State.RUNNING}
    room.sources.inspected[job_id(1)] = [asked(InspectionState.WAITING)]
    wishes: dict[str, Any] = {
        "jobs": some(1),
        "pages": (PageWish("", JobFilter()),),
        "details": some(1),
        "values": ("stats",),
    }
    first = room.stream(**wishes)
    await room.tick()
    second = room.stream(**wishes)
    told = await room.tick()
    assert not any(told[first])
    assert all(told[second])
    assert room.sources.asked["stats"] == 0, "the answer of the last tick is young enough"


async def test_what_a_list_begins_with_is_told_when_it_changes(room: Room) -> None:
    room.sources.pages[DEAD] = (job_id(5),)
    stream = room.stream(pages=(PageWish("state=dead", DEAD, top=job_id(5)),))
    assert (await room.tick())[stream].pages["state=dead"].new == ()
    room.sources.pages[DEAD] = (job_id(7), job_id(5), job_id(3))
    room.sources.write()
    assert (await room.tick())[stream].pages["state=dead"].new == (job_id(7), job_id(3))
    room.sources.write()
    assert (await room.tick())[stream].pages == {}


async def test_values_are_asked_every_two_seconds_and_told_when_they_differ(room: Room) -> None:
    stream = room.stream(values=("stats",))
    asked: list[float] = []
    told: list[tuple[float, bytes]] = []
    for number in range(24):
        room.sources.write()
        room.sources.values["stats"] = msgspec.json.encode(number // 12)
        found = await room.tick()
        asked += [room.now] * room.sources.asked["stats"]
        told += [(room.now, data) for data in found[stream].values.values()]
    assert asked == [0.25, 2.25, 4.25]
    assert told == [(0.25, b"0"), (4.25, b"1")]


async def test_the_series_is_asked_every_ten_seconds(room: Room) -> None:
    room.stream(values=("series",))
    asked = []
    for _ in range(90):
        room.sources.write()
        await room.tick()
        asked += [room.now] * room.sources.asked["series"]
    assert asked == [0.25, 10.25, 20.25]


async def test_the_last_write_before_a_pause_is_told(room: Room) -> None:
    stream = room.stream(values=("stats",))
    await room.tick()
    room.sources.values["stats"] = b"1"
    room.sources.write()
    told = [(await room.tick())[stream].values for _ in range(12)]
    assert [values for values in told if values] == [{"stats": b"1"}]


async def test_the_page_of_a_job_is_told_when_the_job_moves(room: Room) -> None:
    room.sources.jobs["default"] = {job_id(1): State.RUNNING, job_id(2): State.PENDING}
    stream = room.stream(jobs=some(2), details=some(1))
    told = (await room.tick())[stream]
    assert (list(told.details), list(told.jobs)) == ([job_id(1)], [job_id(2)])
    room.sources.jobs["default"][job_id(2)] = State.RUNNING
    room.sources.write()
    await room.tick()
    assert room.sources.asked["detail"] == 0
    room.sources.jobs["default"][job_id(1)] = State.DEAD
    room.sources.write()
    assert list((await room.tick())[stream].details) == [job_id(1)]


async def test_what_no_stream_shows_any_more_is_forgotten(room: Room) -> None:
    stream = room.stream(jobs=some(1), values=("stats",))
    await room.tick()
    room.streams = [room.stream(values=("queues",))]
    await room.tick()
    assert (room.questions._jobs, [kind for kind, _ in room.questions._values]) == ({"default": {}}, ["queues"])
    assert stream not in room.streams


def logged(told: Any) -> dict[UUID, tuple[str | None, str | None, list[str]]]:
    """Return what a stream is told of logs: behind which place, up to which, and the messages."""
    events = {one: msgspec.json.decode(data) for one, data in told.logs.items()}
    assert all(event["id"] == str(one) for one, event in events.items())
    news = {one: event["logs"] for one, event in events.items()}
    return {one: (n["after"], n["next"], [line["message"] for line in n["lines"]]) for one, n in news.items()}


async def test_lists_that_take_long_are_asked_for_in_turns(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    probe_page = room.sources.probe_page

    async def slow(query: JobFilter, limit: int) -> Any:
        asked.append(query.queue)
        room.now += 0.04
        return await probe_page(query, limit)

    monkeypatch.setattr(room.sources, "probe_page", slow)
    streams = [room.stream(pages=(PageWish(name, JobFilter(queue=name)),)) for name in "abcde"]
    told = await room.tick()
    assert asked == ["a", "b", "c"]
    assert [bool(told[stream].pages) for stream in streams] == [True, True, True, False, False]
    # The others come next, though nothing was written; then all have been.
    told = await room.tick()
    assert asked[3:] == ["d", "e"]
    assert [bool(told[stream].pages) for stream in streams] == [False, False, False, True, True]
    await room.tick()
    assert asked[5:] == []
    # What was asked for longest ago comes first, however often something is written.
    for expected in ("abc", "dea", "bcd"):
        asked.clear()
        room.sources.write()
        await room.tick()
        assert asked == list(expected)


async def test_lines_of_a_job_whose_page_is_open_follow_one_another(room: Room) -> None:
    one = job_id(1)
    room.sources.jobs["default"] = {one: State.RUNNING}
    room.sources.log(one, "before")
    first = room.stream(details=some(1))
    assert logged((await room.tick())[first]) == {one: ("1.1", "1.1", [])}
    room.sources.log(one, "b", "c")
    assert logged((await room.tick())[first]) == {one: ("1.1", "1.3", ["b", "c"])}
    late = room.stream(details=some(1))
    told = await room.tick()
    assert (logged(told[first]), logged(told[late])) == ({}, {one: ("1.3", "1.3", [])})
    room.sources.log(one, "d")
    told = await room.tick()
    assert logged(told[first]) == logged(told[late]) == {one: ("1.3", "1.4", ["d"])}
    assert room.sources.asked["lines"] == 1


async def test_of_many_lines_the_next_tick_tells_the_rest_though_nothing_was_written_since(room: Room) -> None:
    one = job_id(1)
    room.sources.jobs["default"] = {one: State.RUNNING}
    room.sources.most_lines = 2
    stream = room.stream(details=some(1))
    await room.tick()
    room.sources.log(one, "a", "b", "c")
    assert logged((await room.tick())[stream]) == {one: (None, "1.2", ["a", "b"])}
    assert logged((await room.tick())[stream]) == {one: ("1.2", "1.3", ["c"])}
    assert logged((await room.tick())[stream]) == {}
    assert room.sources.asked == {"revision": 1}


async def test_a_job_that_ended_a_while_ago_is_not_asked_for_lines(room: Room) -> None:
    one = job_id(1)
    room.sources.jobs["default"] = {one: State.RUNNING}
    stream = room.stream(details=some(1))
    await room.tick()
    room.sources.jobs["default"][one] = State.DEAD
    room.sources.write()
    await room.tick()
    room.sources.log(one, "the last words")
    assert logged((await room.tick())[stream])[one][2] == ["the last words"]
    room.now += LATE_LINES_S
    room.sources.write()
    await room.tick()
    assert room.sources.asked["lines"] == 0


async def test_requests_for_stacks_are_told_where_the_page_of_the_job_is_open(room: Room) -> None:
    room.sources.jobs["default"] = {job_id(1): State.RUNNING, job_id(2): State.RUNNING}
    reader, other = room.stream(details=some(1)), room.stream(details=some(2))
    assert not (await room.tick())[reader].inspections
    room.sources.inspected[job_id(1)] = [asked(InspectionState.WAITING)]
    room.sources.write()
    told = await room.tick()
    (event,) = told[reader].inspections.values()
    assert msgspec.json.decode(event) == {
        "id": str(job_id(1)),
        "inspections": [{"id": str(UUID(int=9)), "kind": "stack", "state": "waiting"}],
    }
    assert not told[other].inspections
    room.sources.write()
    assert not (await room.tick())[reader].inspections, "it has not changed"
    assert not (await room.tick())[reader].inspections
    assert room.sources.asked["inspections"] == 0, "nothing was written"
    room.sources.jobs["default"][job_id(1)] = State.COMPLETED
    room.sources.inspected[job_id(1)] = [asked(InspectionState.ENDED)]
    room.sources.write()
    assert b"ended" in (await room.tick())[reader].inspections[job_id(1)]
    room.sources.jobs["default"][job_id(2)] = State.COMPLETED
    room.sources.inspected.clear()
    room.sources.write()
    await room.tick()
    room.sources.write()
    await room.tick()
    assert room.sources.asked["inspections"] == 0, "no job runs"
