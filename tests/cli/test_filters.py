"""``taskflow jobs list --filter``, and the same filters in Python."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Cli

from taskflowmq import InvalidJob, TaskFlow
from taskflowmq.core.errors import BadFilter


def _put(cli: Cli, message: str, *more: str) -> str:
    ran = cli("enqueue", "test", f'{{"message": "{message}", "seconds": 0.0}}', *more)
    assert ran.code == 0, ran.err
    return ran.out.strip()


def _listed(cli: Cli, *more: str) -> list[str]:
    return [job["id"] for job in cli("jobs", "list", "--json", *more).json["items"]]


def test_a_list_takes_a_filter(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = _put(cli, "one"), _put(cli, "two", "--queue", "mail")
    assert [job["id"] for job in cli("jobs", "list", "--filter", "args.message:two", "--json").json["items"]] == [
        second
    ]
    assert [job["id"] for job in cli("jobs", "list", "--filter", "-queue:mail", "--json").json["items"]] == [first]
    assert cli("jobs", "list", "--filter", "args.message:two", "--queue", "default", "--json").json["items"] == []
    following = cli("jobs", "list", "--filter", 'task:te* "o"', "--limit", "1").err
    assert """--filter 'task:te* "o"' --limit 1 --before""" in following
    monkeypatch.setenv("TASKFLOW_FILTER", "args.message:one")
    assert _listed(cli) == [first]


def test_a_wrong_filter_is_named(cli: Cli) -> None:
    _put(cli, "one")
    ran = cli("jobs", "list", "--filter", "queue:mail stat:dead")
    assert (ran.code, ran.out) == (2, "")
    assert "filter: there is no key 'stat'; did you mean 'state'? (character 12)" in ran.err


def test_python_takes_the_same_filters(cli: Cli, url: str) -> None:
    _put(cli, "one")
    second = _put(cli, "two")
    with TaskFlow(url) as app:
        assert [str(job.id) for job in app.jobs.list(filter="args.message:two created:-1h..").items] == [second]
        with pytest.raises(InvalidJob) as refused:
            app.jobs.list(filter="state:failed")
    assert isinstance(refused.value, BadFilter)
    assert (refused.value.start, refused.value.end, refused.value.hint) == (6, 12, "dead")
