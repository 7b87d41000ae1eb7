"""Values that complete a filter: what a sample of jobs gives, and which fit what was typed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskflowmq.core.filter_text import parse_filter
from taskflowmq.core.suggest import (
    MOST_KEPT,
    Sample,
    SuggestCount,
    SuggestField,
    Value,
    Values,
    fitting,
    merged,
    paths_of,
)


class Row:
    """What a sample reads of a job."""

    def __init__(self, task: str = "t", tags: tuple[str, ...] = (), args: Any = None) -> None:
        self.task, self.tags = task, tags
        self.args_preview = args if isinstance(args, str) else json.dumps({} if args is None else args)


def sample(*rows: Row) -> Sample:
    made = Sample()
    made.add(rows)  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize(
    ("args", "paths"),
    [
        ({}, set()),
        ({"to": "ada", "n": 1, "ok": None}, {"args.to", "args.n", "args.ok"}),
        (
            {"user": {"id": 42, "address": {"city": "Bern", "at": {"lat": 1}}}},
            {"args.user.id", "args.user.address.city"},
        ),
        ({"items": [1, 2], "two words": 1, "a.b": 2, "größe": 3}, {"args.größe"}),
        ('{"cut": "…', set()),
        ('{"body":"' + "x" * 290 + "…", set()),
        ("not json", set()),
        ("[" * 10_000, set()),
    ],
)
def test_paths_are_those_that_a_filter_can_have(args: Any, paths: set[str]) -> None:
    found = paths_of(args if isinstance(args, str) else json.dumps(args))
    assert found == paths
    for path in found:
        assert parse_filter(f"{path}:1")[0].key == "args"


def test_a_sample_counts_jobs_and_not_occurrences() -> None:
    made = sample(Row(tags=("eu", "vip")), Row(tags=("eu",), args={"to": 1}), Row(task="u", args={"to": 2}))
    assert (made.jobs, made.tasks) == (3, {"t": 2, "u": 1})
    tags = made.values(SuggestField.TAG)
    assert (set(tags.items), tags[1:]) == ({Value("eu", 2), Value("vip", 1)}, (SuggestCount.NEWEST_JOBS, 3))
    assert made.values(SuggestField.ARGS).items == [Value("args.to", 2)]


def test_a_sample_of_any_jobs_is_bounded() -> None:
    made = sample(*(Row(tags=(f"t{n}",), args={f"k{n}": n}) for n in range(MOST_KEPT + 10)))
    assert (made.jobs, len(made.tags), len(made.paths)) == (MOST_KEPT + 10, MOST_KEPT, MOST_KEPT)


def test_what_begins_with_it_comes_first_then_what_is_frequent() -> None:
    names = {"send_email": 3, "send_sms": 9, "resend": 50, "Sender": 3, "report": 1}
    values = Values(merged(["idle"], names), SuggestCount.NEWEST_JOBS, 66)
    assert [one.value for one in fitting(values, "SEND", 10)[0]] == ["send_sms", "Sender", "send_email", "resend"]
    assert fitting(values, "send", 2) == ([Value("send_sms", 9), Value("Sender", 3)], True)
    assert [one.value for one in fitting(values, "", 10)[0]][-1] == "idle"
    assert fitting(values, "nope", 10) == ([], False)


def test_a_worker_is_found_by_its_host() -> None:
    values = Values([Value("0198-a", 2, "web-1 · 7"), Value("0198-b", 0, "web-2 · 9")], SuggestCount.RUNNING_JOBS)
    assert [one.value for one in fitting(values, "WEB-2", 5)[0]] == ["0198-b"]
    assert [one.value for one in fitting(values, "0198", 5)[0]] == ["0198-a", "0198-b"]
