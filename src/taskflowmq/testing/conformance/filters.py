"""Filters of lists: what a store finds is what ``core.filter_match`` says of each job, whichever index answered."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core.filter_match import matcher
from taskflowmq.core.filter_text import parse_filter, write_filter
from taskflowmq.core.job import ClaimedJob, JobFilter, JobView, NewJob, Sort
from taskflowmq.core.redaction import Redaction, read_rules
from taskflowmq.core.transitions import Discarded, Failed, Outcome, Stopped, Succeeded
from taskflowmq.ports.store import FIRST_LOOK, SEARCH_S
from taskflowmq.testing.conformance.support import Rig, StoreSuite, ids, transition

TASKS = ("send_mail", "send_sms", "resize")
#: Values of arguments: of every kind, alike for careless readers, and such as JSON writes with a backslash.
VALUES: tuple[Any, ...] = (
    42, -42, 42.0, 0, 1, True, False, None, "42", "true", "", "Ada", "ada", 'a "b"', "a\\b", "é", "\U0001f642", "100%",
    "a_b", 2**53 + 1, 2**63 - 1, 1.5, [], {}, [1, 42],
)  # fmt: skip
ERRORS = ("TimeoutError", "asyncio.TimeoutError", "Refused")
WORDS: tuple[tuple[str, ...], ...] = (
    ("state:dead", "state:dead,completed", "-state:completed", "state:pending,running,scheduled,retrying"),
    ("queue:a", "queue:a,b", "-queue:a", "queue:nosuch", "queue:*"),
    ("task:send_mail", "task:send_*", "-task:*_m*", "task:nosuch,resize"),
    ("tag:vip", "tag:vip tag:new", "-tag:vip", "tag:n*,other", 'tag:"two words"'),
    ("error:TimeoutError", "error:*Error", "-error:*", "error:asyncio.TimeoutError", "error:Refused state:dead"),
    ("wait:>3s", "wait:<=3s", "-wait:>=0s", "run:>3s", "run:1s..5s", "run:<1s", "-run:>=0s"),
    ("attempt:0", "attempt:>=2", "attempt:1..2", "priority:<0", "priority:-5..0", "-priority:0", "priority:5"),
    ("created:-30s..", "created:..-30s", "created:-50s..-10s", "created:2031-05-06", "created:..2031-05-06T12:00:30"),
    ("finished:-30s..", "-finished:..now", "scheduled:now..", "scheduled:..now", "finished:-40s..-30s,-10s.."),
    ("args.x:42", "args.x:42,Ada", '-args.x:"42"', "args.list.1:42", "args.x:null", 'args."a b".x:true', "args.x:1.5"),
    ('args.x:"a \\"b\\""', 'args.x:"a\\\\b"', "args.x:é", "args.x:9223372036854775807", "args.x:42.0", "-args.x:42"),
    ("meta.who:Ada", "-meta.who:Ada", "meta.n:42,0"),
    ("ada", '"no answer"', "-ada", "100%", "a_b", "send", "🙂", '"x\\":42"', "vip", "refused"),
)


class TestFilters(StoreSuite):
    """The terms of JobFilter."""

    async def test_a_store_finds_what_the_terms_say(self, rig: Rig) -> None:
        dice = random.Random(20261130)
        await _fill(rig, dice)
        views = await _everything(rig)
        assert len({view.state for view in views}) == 7
        found_some = 0
        for text in _texts(dice):
            terms = parse_filter(text)
            fits = matcher(terms, rig.clock.now())
            wanted = [view.id for view in views if fits(view)]
            sort = dice.choice(list(Sort))
            found = await _list(rig, JobFilter(terms=terms, sort=sort))
            assert found == (wanted if sort is Sort.OLDEST else wanted[::-1]), text
            found_some += 0 < len(wanted) < len(views)
        assert found_some > 60

    async def test_paths_lead_to_jobs_by_each_value(self, rig: Rig) -> None:
        jobs = [rig.job(args={"deep": [{"x": value}]}) for value in VALUES]
        await rig.enqueue(*jobs)
        for job, value in zip(jobs, VALUES, strict=True):
            if isinstance(value, (list, dict)):
                continue
            token = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            text = f"args.deep.0.x:{token if token is not value else _quoted(value)}"
            assert await _list(rig, JobFilter(terms=parse_filter(text))) == [job.id], text
            rest = [other.id for other in jobs[::-1] if other is not job]
            assert await _list(rig, JobFilter(terms=parse_filter(f"-{text}"))) == rest

    async def test_terms_and_other_filters_are_both_conditions(self, rig: Rig) -> None:
        both = await rig.put(queue="a", args={"x": 1}, tags=("vip",))
        await rig.put(queue="b", args={"x": 1}, tags=("vip",))
        await rig.put(queue="a", args={"x": 2}, tags=("vip",))
        await rig.put(queue="a", args={"x": 1})
        terms = parse_filter("args.x:1 queue:a,c")
        assert await _list(rig, JobFilter(queue="a", tag="vip", terms=terms)) == [both.id]
        assert await _list(rig, JobFilter(queue="c", terms=terms)) == []
        assert await _list(rig, JobFilter(terms=parse_filter("queue:a queue:b"))) == []

    async def test_a_tenant_finds_its_own_jobs(self, rig: Rig) -> None:
        mine, other = await rig.put(args={"x": 1}), await rig.put(args={"x": 1}, tenant="other")
        for text in ("args.x:1", "attempt:0", '"x"', "-tag:a"):
            assert await _list(rig, JobFilter(terms=parse_filter(text))) == [mine.id]
            assert await _list(rig, JobFilter(tenant="other", terms=parse_filter(text))) == [other.id]

    async def test_a_search_without_time_says_how_far_it_came(self, rig: Rig) -> None:
        needle = await rig.put(args={"x": "needle"})
        await rig.enqueue(*(rig.job(args={"x": "straw"}) for _ in range(120)))
        for text in ("args.x:needle", "needle", "-args.x:straw"):
            query = JobFilter(terms=parse_filter(text))
            page = await rig.store.jobs.list_jobs(query, limit=2, before=None, seconds=0)
            assert (page.items, page.looked_at, page.complete) == ([], FIRST_LOOK, False)
            assert await _list(rig, query, seconds=0) == [needle.id]
        straws = JobFilter(terms=parse_filter("-args.x:needle attempt:0"))
        assert len(set(await _list(rig, straws, seconds=0))) == 120

    async def test_nothing_is_found_by_what_is_hidden(self, rig: Rig) -> None:
        hidden = Redaction(read_rules(["pin", "secret-task:note"]))
        seen = await rig.put(args={"pin": "4711x", "note": "4711x"}, meta=b'{"deep":[{"PIN":"4711x"}]}')
        other = await rig.put(task="secret-task", args={"pin": "4711x", "note": "4711x"})
        for text, wanted in (
            ("4711x", [seen.id]),
            ("-4711x", [other.id]),
            ("args.note:4711x", [seen.id]),
            ("args.pin:4711x", []),
            ("-args.pin:4711x", [other.id, seen.id]),
            ("meta.deep.0.PIN:4711x", []),
        ):
            query = JobFilter(terms=parse_filter(text), hidden=hidden)
            assert await _list(rig, query) == wanted, text
            assert (await rig.store.jobs.count(query)).value == len(wanted)
            assert list((await rig.store.probes.probe_page(query, 9)).ids) == wanted
            page = await rig.store.jobs.list_jobs(query, limit=9, before=None)
            assert page.looked_at == 2  # how many were looked at tells nothing either
        assert len(await _list(rig, JobFilter(terms=parse_filter("args.pin:4711x")))) == 2

    async def test_a_feed_asks_with_terms_too(self, rig: Rig) -> None:
        jobs = [await rig.put(args={"x": number % 2}) for number in range(6)]
        probe = await rig.store.probes.probe_page(JobFilter(terms=parse_filter("args.x:1")), 2)
        assert list(probe.ids) == [jobs[5].id, jobs[3].id]
        none = await rig.store.probes.probe_page(JobFilter(terms=parse_filter("state:dead -state:dead")), 2)
        assert list(none.ids) == []


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _texts(dice: random.Random) -> Iterator[str]:
    """Yield each term alone, and some together."""
    every = [text for group in WORDS for text in group]
    yield from every
    for _ in range(40):
        yield " ".join(dice.choice(group) for group in dice.sample(WORDS, dice.randint(2, 3)))
    assert all(write_filter(parse_filter(text)) for text in every)


async def _fill(rig: Rig, dice: random.Random) -> None:
    """Store jobs of every kind in every state, and some of another tenant."""
    workers = [await rig.worker(), await rig.worker()]
    await rig.enqueue(*(rig.job(tenant="other", args={"x": 42}) for _ in range(5)))
    for _ in range(8):
        await rig.enqueue(*(_job(rig, dice) for _ in range(25)))
        await rig.after(dice.choice((1, 3, 6)))
        held = await rig.claim(dice.choice(workers), 18, tasks=TASKS)
        rig.clock.advance(dice.choice((0.5, 2, 5)))
        dice.shuffle(held)
        await rig.store.claims.settle([transition(job, _outcome(job, dice)) for job in held[3:]])


def _job(rig: Rig, dice: random.Random) -> NewJob:
    value = dice.choice(VALUES)
    args = dice.choice(({"x": value}, {"x": value}, {"list": [value, 42]}, {"a b": {"x": value}}, {"note": str(value)}))
    meta = dice.choice((None, {"who": "Ada"}, {"n": value}))
    return rig.job(
        dice.choice(TASKS),
        args=args,
        queue=dice.choice("ab"),
        priority=dice.choice((0, 0, -5, 5)),
        tags=dice.choice(((), ("vip",), ("new", "vip"), ("two words",))),
        delay_ms=dice.choice((0, 0, 0, 0, 600_000)),
        max_attempts=dice.choice((1, 3)),
        meta=None if meta is None else msgspec.json.encode(meta),
    )


def _outcome(job: ClaimedJob, dice: random.Random) -> Outcome:
    error = {"type": dice.choice(ERRORS), "message": "No answer", "traceback": "line 1\nline 2"}
    raw = msgspec.json.encode(error)
    kinds: list[Outcome] = [
        Succeeded(b"1"), Failed(raw), Failed(raw, True, 600_000), Discarded(raw), Stopped(by_handler=True),
    ]  # fmt: skip
    return dice.choice(kinds)


async def _everything(rig: Rig) -> list[JobView]:
    """Return every job of the tenant, by id."""
    found: list[JobView] = []
    before: UUID | None = None
    while True:
        page = await rig.store.jobs.list_jobs(JobFilter(sort=Sort.OLDEST), limit=1000, before=before)
        found += page.items
        if page.next is None:
            return found
        before = page.next


async def _list(rig: Rig, query: JobFilter, *, seconds: float = SEARCH_S) -> list[UUID]:
    """Follow a list to its end."""

    found: list[UUID] = []
    before: UUID | None = None
    for _ in range(1000):
        page = await rig.store.jobs.list_jobs(query, limit=100, before=before, seconds=seconds)
        assert page.complete or page.next is not None
        found += ids(page.items)
        if page.next is None:
            return found
        before = page.next
    raise AssertionError("the list has no end")
