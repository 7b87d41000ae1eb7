"""The text of filters: the examples that the dashboard reads too, and any text whatever."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.errors import BadFilter
from taskflowmq.core.filter_terms import (
    DURATION_KEYS,
    FILTER_KEYS,
    FREE_TEXT,
    NUMBER_KEYS,
    PAYLOAD_KEYS,
    TIME_KEYS,
    Json,
    Range,
    Term,
    Times,
    Word,
)
from taskflowmq.core.filter_text import MAX_FILTER, nearest, parse_filter, write_filter

FIXTURES = json.loads((Path(__file__).parents[2] / "dashboard/src/filter/fixtures.json").read_text("utf-8"))
RIGHT = [one for one in FIXTURES if "terms" in one]
WRONG = [one for one in FIXTURES if "error" in one]


@pytest.mark.parametrize("example", RIGHT, ids=lambda one: one["text"][:60])
def test_examples_are_read_and_written(example: dict[str, Any]) -> None:
    terms = parse_filter(example["text"])
    assert json.loads(msgspec.json.encode(terms)) == example["terms"]
    assert write_filter(terms) == example["canonical"]
    assert parse_filter(example["canonical"]) == terms


@pytest.mark.parametrize("example", WRONG, ids=lambda one: one["text"][:60])
def test_wrong_examples_are_refused_with_place_and_hint(example: dict[str, Any]) -> None:
    with pytest.raises(BadFilter) as refused:
        parse_filter(example["text"])
    error = refused.value
    assert {"kind": error.kind, "start": error.start, "end": error.end, "hint": error.hint} == example["error"]
    assert f"(character {error.start + 1})" in str(error)
    assert (error.errors[0].position, error.errors[0].hint) == (error.start, error.hint)


def test_every_key_and_every_rule_has_an_example() -> None:
    keys = {term["key"] for one in RIGHT for term in one["terms"]}
    assert keys == {*FILTER_KEYS, FREE_TEXT}
    assert len({one["error"]["kind"] for one in WRONG}) == 15


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stat:dead", "there is no key 'stat'; did you mean 'state'?"),
        ("workflow:1", "there is no key 'workflow'; keys are: state, queue,"),
        ("state:failed", "'failed' is not a state; did you mean 'dead'?"),
        ("state:what", "'what' is not a state; states are: scheduled,"),
        ("wait:30s", "'30s' is not a comparison with a duration, as in wait:>30s"),
        ("created:-24h", "'-24h' is not a range of time, as in created:-24h.."),
    ],
)
def test_errors_say_what_to_write(text: str, says: str) -> None:
    with pytest.raises(BadFilter, match=r"^filter: ") as refused:
        parse_filter(text)
    assert says in str(refused.value)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
WORDS = TEXT.map(Word) | st.sampled_from(["send_*", "*", "a*b*"]).map(lambda text: Word(text, True))
IDS = st.uuids().map(lambda one: Word(str(one)))
BOUNDS = st.integers(-(10**9) + 1, 10**9 - 1)
MS = st.integers(0, 10**12)
MOMENTS = st.sampled_from(["now", "-24h", "+2d", "2026-11-01", "2026-11-01T12:30", "2026-11-01T12:30:15.25+02:00"])
TOKENS = st.sampled_from(["true", "false", "null", "0", "-1", "1.5", "-2e10", "18446744073709551616"])


def ranges(bounds: st.SearchStrategy[int]) -> st.SearchStrategy[Range]:
    between = st.tuples(bounds, bounds).map(lambda pair: Range(min(pair), max(pair)))
    above = st.builds(Range, bounds, st.none(), st.booleans(), st.just(True))
    return between | above | st.builds(Range, st.none(), bounds, st.just(True), st.booleans())


VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("queue", "task", "tag", "error"), WORDS),
    "state": st.sampled_from(["dead", "pending"]).map(Word),
    "worker": IDS,
    **dict.fromkeys(NUMBER_KEYS, ranges(BOUNDS)),
    **dict.fromkeys(DURATION_KEYS, ranges(MS)),
    **dict.fromkeys(TIME_KEYS, st.builds(Times, MOMENTS, st.none()) | st.builds(Times, st.none(), MOMENTS)),
    **dict.fromkeys(PAYLOAD_KEYS, (TEXT | st.just("")).map(Word) | TOKENS.map(Json)),
}


@st.composite
def terms(draw: st.DrawFn) -> Term:
    key = draw(st.sampled_from([*FILTER_KEYS, FREE_TEXT]))
    negated = draw(st.booleans())
    if key == FREE_TEXT:
        return Term(key, (Word(draw(TEXT)),), negated=negated)
    values = draw(st.lists(VALUES[key], min_size=1, max_size=3))
    path = draw(st.lists(TEXT, min_size=1, max_size=3)) if key in PAYLOAD_KEYS else []
    return Term(key, tuple(values), tuple(path), negated)


@given(st.lists(terms(), max_size=5).map(tuple))
def test_what_is_written_is_read_again(filter_terms: tuple[Term, ...]) -> None:
    text = write_filter(filter_terms)
    if len(text) <= MAX_FILTER:
        assert parse_filter(text) == filter_terms


PARTS = st.sampled_from(
    [*'state args created wait . : , " \\ - * > <= .. 1 30s 2026-11-01'.split(), " "],
)


@given(st.lists(PARTS | st.text(max_size=3), max_size=40).map("".join) | st.text(max_size=1_200))
def test_any_text_is_read_or_refused_within_it(text: str) -> None:
    refused: BadFilter | None = None
    found: tuple[Term, ...] = ()
    try:
        found = parse_filter(text)
    except BadFilter as error:
        refused = error
    assert refused is None or 0 <= refused.start <= refused.end <= len(text) + 1
    assert parse_filter(write_filter(found)) == found


@pytest.mark.parametrize("unit", ['"', "a.", "-", 'args."a".', "a,", "tag:a,", "1d", '\\"', " a", "(", "'" * 3])
def test_the_longest_texts_are_read_in_linear_time(unit: str) -> None:
    text = (unit * MAX_FILTER)[:MAX_FILTER]
    spent = []
    for _ in range(5):
        began = time.thread_time()
        for start in ("", "tag:", "args.x:", '"', "wait:>"):
            try:
                parse_filter((start + text)[:MAX_FILTER])
            except BadFilter:
                pass
        spent.append(time.thread_time() - began)
    assert min(spent) < 0.1


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("stat", "state"),
        ("taks", "task"),
        ("wokrer", "worker"),
        ("prio", "priority"),
        ("cretaed", "created"),
        ("", None),
        ("x", None),
        ("workflow", None),
        ("é", None),
        ("z" * 500, None),
    ],
)
def test_the_nearest_word(word: str, known: str | None) -> None:
    assert nearest(word, FILTER_KEYS) == known
