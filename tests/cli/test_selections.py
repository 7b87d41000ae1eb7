"""``taskflow jobs retry|cancel|delete`` with several ids: one answer per id."""

from __future__ import annotations

import json

from tests.cli.conftest import Cli

NOBODY = "01a201e9-7cb4-72c0-87af-ef51c3a68934"


def _enqueued(cli: Cli, *options: str) -> str:
    return cli("enqueue", "test", *options).out.strip()


def test_an_operation_on_several_jobs_answers_for_each(cli: Cli) -> None:
    first, second = _enqueued(cli, "--delay", "600"), _enqueued(cli, "--delay", "600")
    ran = cli("jobs", "retry", first, second)
    assert (ran.code, ran.out) == (0, f"{first}  due now\n{second}  due now\n")
    ran = cli("jobs", "cancel", first, NOBODY, "--json")
    assert ran.code == 4
    assert [json.loads(line) for line in ran.out.splitlines()] == [
        {"id": first, "answer": "cancelled"},
        {"id": NOBODY, "answer": None, "error": f"there is no job {NOBODY}"},
    ]
    assert "1 of 2 jobs were refused" in ran.err
    ran = cli("jobs", "delete", first, second)
    assert (ran.code, ran.out.splitlines()[0]) == (5, f"{first}  deleted")
