"""Every field of a job that a program or a REST body may say is stored as it was said, and shown as it is stored.

Driven by the fields of NewJob, as ``testing/conformance/fields.py`` is for the stores: a new one is looked for under
its own name, in the options of the client and in the bodies of the API, unless it stands in one of the tables here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from tests.worker.fakes import FakeStore

from taskflowmq import TaskFlow
from taskflowmq.client.unique import literal_key
from taskflowmq.core.job import JOB_NAMES, NewJob
from taskflowmq.core.unique_keys import shown_key
from taskflowmq.ports.store import ClaimRequest
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.fields import KINDS, check_claimed, check_view, samples
from taskflowmq.testing.conformance.support import NOON, Rig, new_worker
from taskflowmq.testing.recording import Recorder
from taskflowmq.wire.job import JobOut

#: What no option says, and why.
NOT_SAID = {
    "id": "made for each job",
    "task": "the task itself",
    "args": "the call itself",
    "tenant": "the app's",
    "share": "nothing sets it yet",
    "args_version": "the task's",
    "headers": "traceparent, the caller and the program's release",
}
DUE = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
#: Field -> (option, its value in Python and in JSON, what is stored), where they are not one name and one value.
SAID: dict[str, tuple[str, Any, Any]] = {
    "delay_ms": ("delay", 60, 60_000),
    "run_at": ("run_at", DUE, DUE),
    "timeout_ms": ("timeout", 12.5, 12_500),
    "expires_in_ms": ("expires_in", 86_400, 86_400_000),
    "meta": ("meta", {"sample": 1}, b'{"sample":1}'),
}
#: Field -> how a reader's name for it is, and what it shows of what is stored, where it is another.
SHOWN: dict[str, tuple[str, Any]] = {
    "timeout_ms": ("timeout", lambda stored, at: stored / 1000),
    "run_at": ("run_at", lambda stored, at: stored),
    "delay_ms": ("run_at", lambda stored, at: at + timedelta(milliseconds=stored)),
    "expires_in_ms": ("expires_at", lambda stored, at: at + timedelta(milliseconds=stored)),
    "unique": ("unique_key", lambda stored, at: shown_key(stored.key)),
    "meta": ("meta", lambda stored, at: msgspec.json.decode(stored)),
    "tags": ("tags", lambda stored, at: list(stored)),
}


def said(kind: str, rest: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of a job that says all that it can, and what shall be stored, by field."""
    options, stored = {}, {}
    for name, sample in samples(kind).items():
        if name in NOT_SAID:
            continue
        option, value, stored[name] = SAID.get(name, (name, sample, sample))
        if name == "unique":
            option, value = ("unique_key" if rest else "unique"), sample.key
            stored[name] = literal_key(value)
        options[option] = value
    return options, stored


def found(job: NewJob, wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(job, name) for name in wanted}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_options_say_is_stored(app: TaskFlow, kind: str) -> None:
    options, wanted = said(kind)
    task = app.tasks["anything"]
    assert found(task.using(**options).job(value=1).new, wanted) == wanted
    assert found(await app.aprepare("anything", {"value": 1}, **options), wanted) == wanted


def test_every_field_can_be_said_or_stands_in_the_table() -> None:
    sayable = {name for kind in KINDS for name in said(kind)[1]}
    assert sayable | NOT_SAID.keys() == set(NewJob.__struct_fields__)


def shown(answer: dict[str, Any], wanted: dict[str, Any], given: dict[str, Any]) -> None:
    """Insist that an answer shows every stored field."""
    at = datetime.fromisoformat(answer["created_at"])
    for name, stored in wanted.items():
        shown_as, show = SHOWN.get(name, (name, lambda stored, at: stored))
        value = show(stored, at)
        got = answer[shown_as]
        assert (datetime.fromisoformat(got) if isinstance(value, datetime) else got) == value, (name, given)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_body_says_is_stored_and_shown(client: httpx.AsyncClient, kind: str) -> None:
    options, wanted = said(kind, rest=True)
    body = {"task": "anything", "args": {"value": 1}, **msgspec.to_builtins(options)}
    answer = await client.post("/api/v1/jobs", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    shown(made, wanted, body)
    read = (await client.get(f"/api/v1/jobs/{made['id']}")).json()
    assert {name: read[name] for name in made if name != "created"} == {
        name: value for name, value in made.items() if name != "created"
    }
    (listed,) = (await client.get("/api/v1/jobs")).json()["items"]
    shown(listed, wanted, body)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_list_says_is_stored(reader: httpx.AsyncClient, kind: str) -> None:
    options, wanted = said(kind, rest=True)
    body = {"task": "anything", "args": {"value": 1}, **msgspec.to_builtins(options)}
    answer = await reader.post("/api/v1/jobs/bulk", json={"jobs": [{"task": "hopeless"}, body]})
    assert answer.status_code == 201, answer.text
    shown((await reader.get(f"/api/v1/jobs/{answer.json()['ids'][1]}")).json(), wanted, body)


def test_the_api_shows_what_python_shows() -> None:
    assert set(JobOut.__struct_fields__) == {*JOB_NAMES, "workflow_id"}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_job_that_a_test_has_not_committed_looks_the_same(app: TaskFlow, kind: str) -> None:
    clock = VirtualClock(NOON)
    made = NewJob(id=_an_id(), **samples(kind))
    check_view(made, Recorder(app, clock, stores=False).view(made))


async def test_the_store_of_the_workers_tests_gives_jobs_whole() -> None:
    store, made = FakeStore(), NewJob(id=_an_id(), **samples("ready"))
    store.add(made)
    worker = new_worker(_an_id())
    await store.register(worker)
    (claimed,) = await store.claim(
        ClaimRequest(worker_id=worker.id, tenants=(), queues=(), tasks=(made.task,), limit=1, isolated=False)
    )
    check_claimed(made, claimed)


def _an_id() -> Any:
    return Rig(None, VirtualClock(NOON)).job().id  # type: ignore[arg-type]  # it asks the clock alone
