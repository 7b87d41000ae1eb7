"""The words check finds its phrases in public texts, and some in all prose; texts shown to users have none of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest
from tools.check_words import SCHEMAS, SOURCES, check, found_in

from taskflowmq.cli.root import root
from taskflowmq.server.app import make_framework
from taskflowmq.server.openapi.document import describe


def phrases(folder: Path, source: str, name: str = f"{SOURCES}/a.py") -> list[str]:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source, encoding="utf-8")
    return [problem.message.split("”")[0].removeprefix("“") for problem in check(folder, {})[0]]


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Seconds between looks for work that comes late", "looks for"),
        ("work that nobody announced", "nobody"),
        ("whoever holds the key", "whoever"),
        ("a silent worker is believed alive", "believed"),
        ("the sweeps or the store were away", "were away"),
        ("running jobs go on", "go on"),
        ("this worker does not get on: no claim", "not get on"),
        ("the second signal is told to the child", "is told"),
        ("jobs like so many others", "so many"),
        ("a rescuer took it for dead", "took it for dead"),
        ("the loop stands still", "stands still"),
        ("Starting anew on a change", "anew"),
        ("too many requests are under way", "under way"),
        ("client hung up before its answer", "hung up"),
        ("'ready' is no state of a job", "is no"),
        ("a wish in a body", "wish"),
        ("an object of yours that is kept", "of yours"),
    ],
)
def test_a_refused_phrase_is_found(text: str, phrase: str) -> None:
    assert [found for found, _ in found_in(text)] == [phrase]


@pytest.mark.parametrize(
    "text",
    [
        "there is no TaskFlow store in this database",
        "the key is no longer held",
        "the job goes on the queue of its task",
        "job %s waits: no living worker serves its task",
        "a claim is taken for the first time",
    ],
)
def test_a_text_without_one_is_left_alone(text: str) -> None:
    assert list(found_in(text)) == []


@pytest.mark.parametrize(
    "source",
    [
        'log.warning("polling goes on after %s", error)\n',
        'raise InvalidJob(f"the list of {name} goes on here")\n',
        '@option("--poll", help="Polling goes on.")\ndef f(): ...\n',
        '@click.command("worker")\ndef f():\n    """Work goes on."""\n',
        '@get("/jobs")\nasync def f():\n    """The list goes on."""\n',
    ],
)
def test_strings_and_shown_docstrings_are_public(tmp_path: Path, source: str) -> None:
    assert phrases(tmp_path, source) == ["goes on"]


def test_docstrings_of_schemas_are_public(tmp_path: Path) -> None:
    source = 'class Page:\n    """The list goes on."""\n'
    assert phrases(tmp_path, source, f"{SCHEMAS}a.py") == ["goes on"]
    assert phrases(tmp_path / "elsewhere", source) == []


@pytest.mark.parametrize(
    "source",
    [
        '"""The list goes on."""\n',
        "# The list goes on.\n",
        'def f():\n    """The list goes on."""\n',
        'x = "goes on"\n',
    ],
)
def test_prose_of_the_source_and_names_are_not_public(tmp_path: Path, source: str) -> None:
    assert phrases(tmp_path, source) == []


def _helps(command: click.Command, path: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    # As the program makes it: a command keeps the help option of the first context that shows its help.
    context = click.Context(command, parent, path.split()[-1], **command.context_settings)
    yield path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _helps(found, f"{path} {name}", context)


def test_what_the_command_line_shows_has_none() -> None:
    helps = dict(_helps(root, "taskflow"))
    assert "taskflow jobs list" in helps
    assert {path: found for path, text in helps.items() if (found := list(found_in(text)))} == {}


def test_what_the_api_says_of_itself_has_none() -> None:
    document = describe(make_framework())
    assert list(found_in(msgspec.json.encode(document).decode())) == []


@pytest.mark.parametrize(
    "source",
    [
        "# nobody waits for it\n",
        'def f():\n    """Wait for nobody."""\n',
        '"""A module for nobody."""\n',
    ],
)
def test_some_are_found_in_comments_and_docstrings(tmp_path: Path, source: str) -> None:
    assert phrases(tmp_path, source) == ["nobody"]


@pytest.mark.parametrize(
    "source",
    ["# the list goes on\n", "# it runs as ``nobody``\n", 'def f():\n    """The list goes on."""\n'],
)
def test_other_prose_is_left_alone(tmp_path: Path, source: str) -> None:
    assert phrases(tmp_path, source) == []


@pytest.mark.parametrize(("folder", "found"), [("only/jobs", ["whoever"]), ("functions", []), ("migrations", [])])
def test_comments_of_statements_are_prose(tmp_path: Path, folder: str, found: list[str]) -> None:
    source = "-- Stores jobs for whoever calls.\nSELECT 'nobody'\n"
    assert phrases(tmp_path, source, f"{SOURCES}/stores/postgres/{folder}/a.sql") == found
