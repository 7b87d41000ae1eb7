"""``taskflow tasks``: what can be enqueued."""

from __future__ import annotations

from tests.cli.conftest import Cli


def test_tasks_are_listed_with_the_defaults_of_their_jobs(cli: Cli) -> None:
    assert cli("enqueue", "test", "{}").code == 0
    listed = cli("tasks", "list")
    assert listed.out.splitlines()[0].split()[:4] == ["TASK", "QUEUE", "PRIORITY", "ATTEMPTS"]
    names = [task["name"] for task in cli("tasks", "list", "--json").json["items"]]
    assert names == ["csv-export", "email", "failing-job", "http", "image-resize", "test"]


def test_a_task_is_shown_with_arguments_examples_and_what_its_last_jobs_had(cli: Cli) -> None:
    cli("enqueue", "email", '{"to": "ada@example.org", "subject": "Hi", "body": "it\'s me"}')
    shown = cli("tasks", "show", "email").out
    lines = [line.split() for line in shown.splitlines()]
    assert ["to", "string", "yes", "-"] in lines
    assert ["html", "string", "|", "null", "no", "null"] in lines
    assert 'taskflow enqueue email \'{"to":"ada@example.com","subject":"Hello","body":"Hello Ada"}\'' in shown
    newest = shown.partition("Newest arguments:")[2]
    assert newest.count("taskflow enqueue email") == 1
    assert "ada@example.org" in newest
    answer = cli("tasks", "show", "email", "--json").json
    assert [one["args"]["to"] for one in answer["recent"]] == ["ada@example.org"]
    assert answer["options"]["timeout"] == 120


def test_a_task_that_does_not_exist_is_an_error_that_names_the_one_that_may_be_meant(cli: Cli) -> None:
    cli("enqueue", "test", "{}")
    ran = cli("tasks", "show", "emial")
    assert (ran.code, ran.out) == (4, "")
    assert "task 'emial' does not exist: did you mean 'email'?" in ran.err
    assert "taskflow tasks list" in ran.err
