"""Parsers that read what others write, each fed with spoilt input: they answer or raise what they promise, and soon."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec
from click.testing import CliRunner
from tests.fuzz import shapes

from taskflowmq import InvalidJob, task
from taskflowmq.bootstrap.stores import make_store
from taskflowmq.cli.exits import explain
from taskflowmq.cli.root import root
from taskflowmq.client import codec
from taskflowmq.client.announced import AnnouncedTask
from taskflowmq.client.headers import is_traceparent
from taskflowmq.client.options import NO_OPTIONS, Origin, check_options
from taskflowmq.core.errors import BadFilter, TaskFlowError
from taskflowmq.core.filter_match import needles_of
from taskflowmq.core.filter_terms import Term
from taskflowmq.core.filter_text import parse_filter, write_filter
from taskflowmq.core.job import JobFilter
from taskflowmq.core.transitions import Failed, Snoozed, Succeeded
from taskflowmq.core.unique_keys import shown_key, spelled_key
from taskflowmq.core.validation import check_name, check_storable, clean_text
from taskflowmq.ports.tasks import TaskView
from taskflowmq.server.api.v1.bulk_body import split_jobs
from taskflowmq.server.api.v1.cursor import read_cursor, write_cursor
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.problems import Problem
from taskflowmq.wire.job import JobBody
from taskflowmq.worker.running.frames import frame_of, outcome_of, unpack

#: How much processor time one input may take, in seconds.
LONGEST_S = 2.0

Target = Callable[[random.Random], None]


@task(name="fuzzed")
async def _fuzzed(
    name: str,
    when: datetime | None = None,
    tags: list[str] | None = None,
    number: int | float | None = None,
    rest: Any = None,
) -> dict[str, int]:
    return {}


def arguments(rng: random.Random) -> None:
    """Arguments by name, and stored arguments: what is accepted can be read again."""
    given = {
        rng.choice(("name", "when", "tags", "number", "rest", shapes.text(rng, 6))): shapes.value(rng) for _ in range(3)
    }
    try:
        raw = _fuzzed.request_named(given, NO_OPTIONS, Origin()).new.args
        _fuzzed.decode(raw)
    except InvalidJob:
        raw = shapes.as_json(rng, given)
    try:
        _fuzzed.decode(shapes.spoilt(rng, raw))
    except InvalidJob as error:
        shapes.expect(error.errors[0].pointer.startswith("/args"), str(error))


def values(rng: random.Random) -> None:
    """What the codec returns can be stored and read back."""
    try:
        raw = codec.encode(shapes.value(rng), "/args")
    except InvalidJob:
        return
    check_storable(msgspec.json.decode(raw), "")
    assert b"\\u0000" not in raw or b"\\\\u0000" in raw


def options(rng: random.Random) -> None:
    """Options as keyword arguments."""
    names = "queue priority delay unique tags meta traceparent timeout run_at expires_in max_attempts".split()
    given = {name: rng.choice((shapes.value(rng), shapes.text(rng))) for name in names if rng.random() < 0.2}
    try:
        check_options(given)
    except InvalidJob as error:
        shapes.expect(bool(error.errors), str(error))


def bodies(rng: random.Random) -> None:
    """Bodies of requests, alone and in lists."""
    raw = shapes.as_json(rng, shapes.job(rng))
    for read in (
        lambda: decode_body(JobBody, raw),
        lambda: split_jobs(b'{"jobs":[' + raw + b"]}"),
        lambda: split_jobs(raw),
    ):
        try:
            read()
        except (InvalidJob, Problem) as error:
            shapes.expect(len(error.errors) <= 20, str(error))


def cursors(rng: random.Random) -> None:
    """Cursors: ours come back, others are refused."""
    query = JobFilter(tenant="default")
    job_id = UUID(int=rng.getrandbits(128))
    written = write_cursor(query, job_id)
    assert read_cursor(query, written) == job_id
    other = rng.choice((shapes.text(rng), shapes.spoilt(rng, written.encode()).decode("latin-1")))
    try:
        read = read_cursor(query, other)
    except Problem:
        return
    assert write_cursor(query, read).rstrip("=") == other.rstrip("=") or other[:26] == written[:26]


def words(rng: random.Random) -> None:
    """Names, trace contexts, unique keys, texts."""
    text = shapes.text(rng, 200)
    try:
        check_name("task", text)
    except InvalidJob:
        pass
    is_traceparent(text)
    assert shown_key(spelled_key(text)) == text
    clean_text(text, rng.randrange(50)).encode()


def filters(rng: random.Random) -> None:
    """Filters of jobs: terms that are written as they are read, and told of any job; or a place in the text."""
    parts = ("state:", "args.", "created:", "wait:>", "tag:", '"', "\\", "-", ",", "..", ":", "42", "30s", " ", "*")
    text = "".join(rng.choice(parts) if rng.random() < 0.7 else shapes.text(rng, 5) for _ in range(rng.randrange(30)))
    wrong: BadFilter | None = None
    terms: tuple[Term, ...] = ()
    try:
        terms = parse_filter(text)
    except BadFilter as error:
        wrong = error
    assert wrong is None or 0 <= wrong.start <= wrong.end <= len(text) + 1
    assert parse_filter(write_filter(terms)) == terms
    needles_of(terms)


def urls(rng: random.Random) -> None:
    """Addresses of stores: an address, or a refusal that shows no password."""
    secret = "hunter2hunter2"
    server = f"postgresql://u:{secret}@h:5432/db?sslmode=require&connect_timeout=3"
    good = rng.choice(("sqlite:////tmp/x.db?mode=0600", server, "postgresql://", "sqlite://"))
    url = shapes.spoilt(rng, good.encode()).decode("latin-1") if rng.random() < 0.8 else shapes.text(rng)
    try:
        make_store(url)
    except (ValueError, TaskFlowError) as error:
        shapes.expect(secret not in str(error), str(error))


def announced(rng: random.Random) -> None:
    """Schemas and options that any program may have announced."""
    schema = rng.choice(
        (_fuzzed.args_schema(), shapes.as_json(rng, shapes.value(rng)), shapes.as_json(rng, _schema(rng)))
    )
    options_ = rng.choice((_fuzzed.notice().options, shapes.as_json(rng, shapes.value(rng)), None)) or None
    view = TaskView(
        name="fuzzed",
        args_schema=shapes.spoilt(rng, schema) if rng.random() < 0.3 else schema,
        options=options_,
        seen_at=datetime.now(UTC),
    )
    made = AnnouncedTask(view)
    try:
        raw = codec.encode({shapes.text(rng, 6): shapes.value(rng), "name": shapes.value(rng, 2)}, "/args")
        made.job(raw, NO_OPTIONS, Origin())
    except InvalidJob:
        pass


def _schema(rng: random.Random, depth: int = 4) -> Any:
    words_ = (
        "type enum const minLength maxLength pattern format minimum multipleOf items prefixItems minItems properties"
        " required additionalProperties propertyNames anyOf allOf $ref discriminator $defs default contentEncoding"
    ).split()

    def part(word: str) -> Any:
        right = {
            "type": "object", "format": "uuid", "$ref": "#/$defs/a", "pattern": "a+$", "required": ["name"],
            "multipleOf": 0,
        }  # fmt: skip
        if rng.random() < 0.4 and word in right:
            return right[word]
        if depth and rng.random() < 0.6:
            inner = _schema(rng, depth - 1)
            return rng.choice((inner, [inner], {"a": inner, "name": inner}))
        return shapes.value(rng, 1)

    return {word: part(word) for word in rng.sample(words_, rng.randrange(1, 5))}


def frames(rng: random.Random) -> None:
    """Frames of body processes: an outcome, or the errors that the pool takes for junk."""
    outcome = rng.choice((Succeeded(b"1"), Failed(b'{"type":"x"}'), Snoozed(5)))
    frame = frame_of(outcome)
    assert outcome_of(frame) == outcome
    raw = msgspec.msgpack.encode(frame)
    if rng.random() < 0.1:
        raw = rng.choice((b"\x91", b"\x81\xa4kind")) * rng.choice((10, 5_000))
    try:
        outcome_of(unpack(shapes.spoilt(rng, raw)))
    except ValueError:
        pass


class CommandLine:
    """Arguments of the ``taskflow`` command: an exit code of the table, never a traceback.

    Args:
        folder: where its database is.
    """

    _SAFE = ("enqueue", "jobs", "queues", "workers", "db", "version")
    _WORDS = (
        *"list show retry cancel delete pause resume status default dead greet {} --json --state --limit".split(),
        *"--queue --task --meta --tag --delay --run-at --unique-key --cursor --priority --help --timeout".split(),
        "01a201e9-7cb4-72c0-87af-ef51c3a68934",
        '{"name": "Ada"}',
    )

    def __init__(self, folder: Path) -> None:
        self._environment = {"TASKFLOW_DATABASE_URL": f"sqlite:///{folder}/cli.db"}
        self._runner = CliRunner()

    def __call__(self, rng: random.Random) -> None:
        """Run one command."""
        arguments_ = [rng.choice(self._SAFE)]
        arguments_ += [self._word(rng) for _ in range(rng.randrange(5))]
        if "--wait" in arguments_ or "migrate" in arguments_:
            return
        result = self._runner.invoke(root, arguments_, env=self._environment, standalone_mode=False)
        error = result.exception
        if error is None or isinstance(error, click.exceptions.Exit | click.Abort | SystemExit | click.UsageError):
            return
        assert isinstance(error, Exception)
        assert explain(error) is not None, f"{arguments_!r}: {error!r}"

    def _word(self, rng: random.Random) -> str:
        return rng.choice(self._WORDS) if rng.random() < 0.7 else shapes.text(rng).replace("\x00", "")


def targets(folder: Path) -> dict[str, Target]:
    """Return every target by name."""
    return {
        "arguments": arguments,
        "values": values,
        "options": options,
        "bodies": bodies,
        "cursors": cursors,
        "words": words,
        "filters": filters,
        "urls": urls,
        "announced": announced,
        "frames": frames,
        "command_line": CommandLine(folder),
    }


def run(target: Target, seed: int, count: int, until: float) -> int:
    """Run one target; each case has a seed of its own, which a failure names."""
    for number in range(count):
        if time.monotonic() > until:
            return number
        rng = random.Random(f"{seed}/{number}")
        began = time.thread_time()
        try:
            target(rng)
        except Exception as error:
            error.add_note(f"fuzzed with case {number} of seed {seed}")
            raise
        assert time.thread_time() - began < LONGEST_S, f"case {number} of seed {seed} took too long"
    return count


def alone() -> None:
    """Keep the environment of whoever runs this away from the command line."""
    for name in [name for name in os.environ if name.startswith("TASKFLOW_")]:
        del os.environ[name]
