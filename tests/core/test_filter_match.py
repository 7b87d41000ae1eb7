"""What filters mean, term by term, and which of them the indexes answer."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.filter_match import JobFacts, Needs, glob, matcher, needles_of, needs_of
from taskflowmq.core.filter_scope import depends_on_now, scoped
from taskflowmq.core.filter_text import parse_filter, write_filter
from taskflowmq.core.job import JobFilter, State

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
WORKER = UUID("019ab2c4-0000-7000-8000-0d2f5a3b9c11")
ARGS = {
    "user": {"id": 42, "name": "Ada", "ok": True, "none": None, "f": 1.5},
    "items": [{"sku": "a"}, {"sku": "b"}],
    "a.b": "dot",
    "text": 'back\\slash "quoted" é',
    "big": 2**63 - 1,
}


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def job(**changes: Any) -> JobFacts:
    """Return a dead job that waited 40 s, ran 5 minutes and ended an hour ago."""
    started = NOW - timedelta(hours=1, minutes=5)
    values: dict[str, Any] = {
        "id": UUID(int=1),
        "task": "send_mail",
        "queue": "mail",
        "priority": 0,
        "state": State.DEAD,
        "attempt": 3,
        "created_at": started - seconds(40),
        "run_at": started - seconds(40),
        "started_at": started,
        "finished_at": NOW - timedelta(hours=1),
        "worker": str(WORKER),
        "tags": ("vip", "two words"),
        "raw_args": msgspec.json.encode(ARGS),
        "raw_meta": b'{"tenant": "Acme Ltd"}',
        "raw_error": b'{"type":"asyncio.TimeoutError","message":"no answer from Host","traceback":"secret"}',
    }
    return JobFacts(**{**values, **changes})


def fits(text: str, **changes: Any) -> bool:
    return matcher(parse_filter(text), NOW)(job(**changes))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "state:dead",
        "state:completed,dead",
        "queue:mail",
        "queue:m*",
        "task:send_*",
        "task:*_m*l",
        "task:send_mail*",
        "tag:vip",
        'tag:"two words" tag:vip',
        f"worker:{WORKER}",
        "error:TimeoutError",
        "error:asyncio.TimeoutError",
        "error:*Error",
        "wait:>30s",
        "wait:40s..40s",
        "wait:<=40s",
        "run:>2m",
        "run:>=5m",
        "run:<6m",
        "attempt:3",
        "attempt:>=3",
        "attempt:1,3",
        "attempt:1..3",
        "priority:<5",
        "priority:-5..0",
        "created:-24h..",
        "created:2026-11-03",
        "created:2026-11-01..2026-11-03",
        "created:2026-11-03T10:54:20..2026-11-03T10:54:21",
        "created:2026-11-03T11:54:20+01:00..",
        "finished:..-30m",
        "finished:-9h..-8h,-2h..",
        "finished:-1h..now",
        "scheduled:..now",
        "args.user.id:42",
        "args.user.id:7,42",
        "args.user.name:Ada",
        "args.user.ok:true",
        "args.user.none:null",
        "args.user.f:1.5",
        "args.user.f:15e-1",
        "args.items.1.sku:b",
        'args."a.b":dot',
        "args.big:9223372036854775807",
        'args.text:"back\\\\slash \\"quoted\\" é"',
        'meta.tenant:"Acme Ltd"',
        "SEND_m",
        "tWo",
        'ada "no answer"',
        "host",
        '"back\\\\\\\\slash"',
        "é",
        '"tenant\\":\\"Acme"',
    ],
)
def test_what_fits_and_what_its_negation_leaves_out(text: str) -> None:
    assert fits(text)
    for term in parse_filter(text):
        negated = msgspec.structs.replace(term, negated=not term.negated)
        assert not fits(write_filter((negated,)))


@pytest.mark.parametrize(
    "text",
    [
        "state:completed",
        "queue:mai",
        "queue:MAIL",
        "queue:mail queue:other",
        'task:"send_*"',
        "task:*mail_*",
        "tag:two",
        "worker:019ab2c4-0000-7000-8000-000000000000",
        "error:Timeout",
        "error:Error",
        "wait:>40s",
        "run:>5m",
        "attempt:>3",
        "attempt:4..9",
        "priority:>0",
        "created:-1h..",
        "created:2026-11-02",
        "created:2026-11-03T10:54:21..",
        "finished:..2026-11-03T11:00",
        'args.user.id:"42"',
        "args.user.id:42.0",
        "args.user.id:true",
        "args.user.ok:1",
        "args.user.none:false",
        "args.user.nothing:null",
        "args.user:42",
        "args.items.2.sku:b",
        "args.items.01.sku:b",
        "args.items.sku:a",
        "args.user.id.x:42",
        "args.a.b:dot",
        "args.big:9223372036854775806",
        "args.user.name:ada",
        "secret",
        "É",
        '"id:42"',
    ],
)
def test_what_does_not_fit(text: str) -> None:
    assert not fits(text)


def test_what_a_job_does_not_have_fits_no_value_and_every_negation() -> None:
    bare = {
        "state": State.SCHEDULED,
        "started_at": None,
        "finished_at": None,
        "worker": None,
        "tags": (),
        "raw_args": b"{}",
        "raw_meta": None,
        "raw_error": None,
    }
    for term in (
        "tag:*",
        f"worker:{WORKER}",
        "error:*",
        "wait:>=0s",
        "run:>=0s",
        "finished:..now",
        "args.x:null",
        "meta.x:1",
    ):
        assert not fits(term, **bare)
        assert fits(f"-{term}", **bare)


def test_a_wait_grows_while_a_job_is_pending_and_a_run_while_it_runs() -> None:
    due = {"created_at": NOW - seconds(90), "run_at": NOW - seconds(31)}
    idle = {"started_at": None, "finished_at": None}
    assert fits("wait:31s..31s", state=State.PENDING, **due, **idle)
    assert not fits("wait:>=0s", state=State.RETRYING, **due, **idle)
    assert fits("run:121s..121s", state=State.RUNNING, started_at=NOW - seconds(121), finished_at=None)
    # Due again later, so that it started before it was due.
    assert not fits("wait:>=0s", run_at=NOW)
    assert fits("run:0s..0s", finished_at=NOW - timedelta(days=1))


def test_a_completed_job_has_no_error() -> None:
    assert not fits("error:*", state=State.COMPLETED)
    assert not fits("host", state=State.COMPLETED)


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b'"text"', b"\xff"])
def test_json_that_is_not_ours_has_no_paths_and_no_text(raw: bytes) -> None:
    assert not fits("args.x:1", raw_args=raw)
    assert fits("-args.x:1", raw_args=raw)
    assert not fits("error:*", raw_error=raw)
    assert not fits("nowhere", raw_args=raw, raw_error=raw)


def test_integers_are_compared_digit_by_digit() -> None:
    huge = b'{"x":100000000000000000000000000000001}'
    assert fits("args.x:100000000000000000000000000000001", raw_args=huge)
    assert not fits("args.x:100000000000000000000000000000000,1e32", raw_args=huge)
    assert not fits("args.x:1", raw_args=b'{"x":' + b"1" * 10_000 + b"}")


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_patterns_do_what_a_regular_expression_does(pattern: str, text: str) -> None:
    if "*" in pattern:
        assert glob(pattern)(text) == bool(re.fullmatch(pattern.replace("*", ".*"), text))


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("state:dead attempt:3", Needs(False, False, False)),
        ("args.x:1", Needs(True, False, False)),
        ("-meta.x:1 error:E", Needs(False, True, True)),
        ("word", Needs(True, True, True)),
    ],
)
def test_only_the_json_that_a_filter_reads_is_needed(text: str, needs: Needs) -> None:
    assert needs_of(parse_filter(text)) == needs


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("args.user.id:42", "42"),
        ("args.user.id:-0", "0"),
        ("args.user.name:Ada", '"Ada"'),
        ("args.user.name:Ada args.user.id:123456", "123456"),
        ("args.user.ok:true", "true"),
        ("args.user.f:1.5", '"user"'),
        ("args.user.id:1,2", '"user"'),
        ('args.user.name:"a\\"b"', '"user"'),
        ('args."a\\\\b".0:1.5', None),
        ("args.0:1,2", None),
        ("args.big:100000000000000000000000000000000", "100000000000000000000000000000000"),
        ("-args.user.id:42 meta.x:1 word", None),
        ("args.x:é", '"é"'),
        ('args.name:"no\u00a0break"', '"name"'),
    ],
)
def test_text_by_which_stores_pass_over_jobs(text: str, needle: str | None) -> None:
    assert needles_of(parse_filter(text)).args == needle


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("Hello", "hello"),
        ('"two words" x', "two words"),
        ("ÉA", "Éa"),
        ("1e5 42 -3.5 E", None),
        ("1f", "1f"),
        ('"a:b" "a,b" [x] "a\\"b" "a\\\\b" "no\u00a0break"', None),
        ("-word args.x:1", None),
    ],
)
def test_text_by_which_stores_pass_over_jobs_without_it(text: str, needle: str | None) -> None:
    assert needles_of(parse_filter(text)).text == needle


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from("abc"), JSON, max_size=3), st.booleans(), st.data())
def test_every_job_that_fits_has_the_needle_or_a_backslash(
    args: dict[str, Any], ascii_only: bool, data: st.DataObject
) -> None:
    raw = json.dumps(args, ensure_ascii=ascii_only).encode()
    path: list[str] = []
    value: Any = args
    while isinstance(value, (dict, list)) and value:
        step: Any = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        path.append(str(step))
        value = value[step]
    if not path or isinstance(value, (dict, list)) or (isinstance(value, str) and "\0" in value):
        return
    token = json.dumps(value)
    if isinstance(value, str):
        token = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    terms = parse_filter(f"args.{'.'.join(path)}:{token}")
    assert matcher(terms, NOW)(job(raw_args=raw))
    needle = needles_of(terms).args
    assert needle is None or needle in raw.decode() or "\\" in raw.decode()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("state:dead queue:mail task:t tag:vip", {"states": (State.DEAD,), "queue": "mail", "task": "t", "tag": "vip"}),
        ("state:dead,pending -state:dead", {"states": (State.PENDING,)}),
        (f"worker:{WORKER}", {"worker": WORKER}),
        ("created:-24h.. created:..-1h", {
            "created_after": NOW - timedelta(days=1), "created_before": NOW - seconds(3600),
        }),
        ("finished:2026-11-01", {
            "finished_after": datetime(2026, 11, 1, tzinfo=UTC), "finished_before": datetime(2026, 11, 2, tzinfo=UTC),
        }),
        ("queue:mail queue:mail", {"queue": "mail"}),
    ],
)  # fmt: skip
def test_what_indexes_answer_becomes_fields(text: str, wanted: dict[str, Any]) -> None:
    found = scoped(JobFilter(terms=parse_filter(text)), NOW)
    assert found == JobFilter(**wanted)


@pytest.mark.parametrize("text", ["state:dead -state:dead", "queue:a queue:b", "task:a task:b"])
def test_what_no_job_can_be_asks_nothing(text: str) -> None:
    assert scoped(JobFilter(terms=parse_filter(text)), NOW) is None


def test_fields_and_terms_are_both_conditions() -> None:
    query = JobFilter(states=(State.DEAD, State.RUNNING), queue="a", terms=parse_filter("-state:running queue:a tag:x"))
    assert scoped(query, NOW) == JobFilter(states=(State.DEAD,), queue="a", tag="x")
    assert scoped(JobFilter(queue="a", terms=parse_filter("queue:b")), NOW) is None
    assert scoped(JobFilter(states=(State.DEAD,), terms=parse_filter("state:running")), NOW) is None


def test_what_is_no_field_stays_a_term() -> None:
    text = "-queue:a queue:a*,b task:x* tag:a,b attempt:3 args.x:1 -created:-1h.. created:-1h..,-3h..-2h word"
    terms = parse_filter(text)
    found = scoped(JobFilter(terms=terms), NOW)
    assert found == JobFilter(terms=terms)
    held = scoped(JobFilter(tag="a", terms=parse_filter("tag:b")), NOW)
    assert held == JobFilter(tag="a", terms=parse_filter("tag:b"))


def test_completed_jobs_are_not_searched_for_an_error() -> None:
    found = scoped(JobFilter(terms=parse_filter("error:E")), NOW)
    assert found is not None
    assert State.COMPLETED not in found.states
    assert len(found.states) == len(State) - 1
    assert found.terms == parse_filter("error:E")


def test_only_times_and_durations_need_the_time() -> None:
    assert depends_on_now(parse_filter("created:-1h.."))
    assert depends_on_now(parse_filter("wait:>1s"))
    assert not depends_on_now(parse_filter("state:dead args.x:1 attempt:3 word"))


PAYLOADS = st.dictionaries(st.text("aB e1", max_size=2), JSON, max_size=3)


@given(PAYLOADS, st.text('aBe1. ,:"5', min_size=1, max_size=3), st.booleans())
def test_what_fits_a_text_has_it_as_stored(args: dict[str, Any], text: str, wide: bool) -> None:
    raw = json.dumps(args, separators=(" , ", " : ") if wide else (",", ":")).encode()
    terms = parse_filter(json.dumps(text))
    facts = job(raw_args=raw, raw_meta=None, raw_error=None, task="-", tags=())
    needle = needles_of(terms).text
    if needle is not None and matcher(terms, NOW)(facts):
        assert needle in raw.decode().lower() or "\\" in raw.decode()
