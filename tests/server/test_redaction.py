"""Hidden fields over REST: nothing that a person reads holds their values, and the handler receives them."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

import httpx
import pytest
from tests.server.conftest import connected, new_app

from taskflowmq import Context, Retry, TaskFlow, Unique
from taskflowmq.client.seen import MOST_PAYLOAD
from taskflowmq.core.hidden_values import MASK
from taskflowmq.core.job import JobFilter
from taskflowmq.telemetry.prometheus import PrometheusTelemetry

PIN, CARD, TOKEN = "PIN-47112", "4111 1111 1111 1111", "ToKeN-9931"
SECRETS = (PIN, CARD, TOKEN)
JOBS = "/api/v1/jobs"


@pytest.fixture
def seen(app: TaskFlow) -> list[dict[str, Any]]:
    """Tasks with hidden fields, and what their handlers received."""
    received: list[dict[str, Any]] = []

    @app.task(name="pay", redact=["card.number", "pin", "result"], retry=Retry(max_attempts=1))
    async def pay(ctx: Context, card: dict[str, Any], pin: str, token: str, fails: bool = False) -> dict[str, Any]:
        received.append({"card": card, "pin": pin, "token": token})
        ctx.progress({"pin": pin, "step": 1})
        ctx.log.warning("card %s with %s", card["number"], pin, extra={"pin": pin, "said": f"token {token}"})
        if fails:
            raise ValueError(f"card {card['number']} was refused, pin {pin}, token {token}")
        return {"pin": pin, "card": card}

    return received


def body(**more: Any) -> dict[str, Any]:
    args = {"card": {"number": CARD, "name": "Ann"}, "pin": PIN, "token": TOKEN, **more}
    return {"task": "pay", "args": args, "meta": {"access_token": TOKEN, "order": 7}}


async def put(client: httpx.AsyncClient, **more: Any) -> str:
    answer = await client.post(JOBS, json=body(**more))
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


def clean(answer: httpx.Response) -> Any:
    """Return the JSON of an answer that holds no hidden value."""
    assert answer.status_code in (200, 201), answer.text
    for secret in SECRETS:
        assert secret not in answer.text
    return answer.json()


async def test_no_answer_holds_a_hidden_value_and_the_handler_receives_it(
    app: TaskFlow, reader: httpx.AsyncClient, seen: list[dict[str, Any]]
) -> None:
    job, failed = await put(reader), await put(reader, fails=True)
    await app.worker(job_logs="all").arun_until_idle()
    card = {"number": CARD, "name": "Ann"}
    assert seen == [{"card": card, "pin": PIN, "token": TOKEN}] * 2
    detail = clean(await reader.get(f"{JOBS}/{job}"))
    assert detail["args"]["card"] == {"number": MASK, "name": "Ann"}
    assert (detail["args"]["pin"], detail["args"]["token"], detail["result"]) == (MASK, MASK, MASK)
    assert detail["meta"] == {"access_token": MASK, "order": 7}
    assert detail["progress"] == {"pin": MASK, "step": 1}
    died = clean(await reader.get(f"{JOBS}/{failed}"))
    assert died["error"]["message"] == f"card {MASK} was refused, pin {MASK}, token {MASK}"
    assert died["attempts"][0]["error"] == died["error"]
    assert "ValueError" in died["error"]["traceback"]
    for path in (
        JOBS, f"{JOBS}?view=row", f"{JOBS}?q=refused", f"{JOBS}/dead", "/api/v1/tasks/pay", "/api/v1/errors",
        f"/api/v1/errors/{died['fingerprint']}", "/api/v1/stats/summary", f"{JOBS}/{job}/logs", f"{JOBS}/{failed}/logs",
        "/api/v1/audit",
    ):  # fmt: skip
        clean(await reader.get(path))
    rows = clean(await reader.get(JOBS, params={"view": "row"}))["items"]
    assert all(MASK in row["args_preview"] and "Ann" in row["args_preview"] for row in rows)
    assert rows[0]["error"]["message"] == died["error"]["message"]
    for way in ("csv", "jsonl"):
        file = (await reader.get(f"{JOBS}/export", params={"format": way})).text
        assert MASK in file
        assert not any(secret in file for secret in SECRETS)
    lines = clean(await reader.get(f"{JOBS}/{job}/logs"))["items"]
    assert (lines[0]["message"], lines[0]["fields"]) == (
        f"card {MASK} with {MASK}",
        {"pin": MASK, "said": f"token {MASK}"},
    )
    text = (await reader.get(f"{JOBS}/{job}/logs", params={"format": "text"})).text
    assert not any(secret in text for secret in SECRETS)


async def test_what_is_stored_stays_and_a_program_reads_it(
    app: TaskFlow, reader: httpx.AsyncClient, seen: list[dict[str, Any]]
) -> None:
    job = await put(reader)
    await app.worker().arun_until_idle()
    view = await app.jobs.aget(job)
    assert view.args["pin"] == PIN
    assert view.result["card"]["number"] == CARD
    assert view.meta == {"access_token": TOKEN, "order": 7}
    # Not what the worker writes beside them: its texts can be shown.
    failed = await put(reader, fails=True)
    await app.worker().arun_until_idle()
    stored = (await app.jobs.aget(failed)).error
    assert stored is not None
    assert not any(secret in stored["message"] + stored["traceback"] for secret in SECRETS)


async def test_an_answer_that_waited_is_redacted_too(
    app: TaskFlow, reader: httpx.AsyncClient, seen: list[dict[str, Any]]
) -> None:
    job = await put(reader)
    answer, _ = await asyncio.gather(reader.get(f"{JOBS}/{job}?wait=20"), app.worker().arun_until_idle())
    assert clean(answer)["result"] == MASK
    # The same job, found by an Idempotency-Key or a unique key.
    for headers, more in (({"Idempotency-Key": "once"}, {}), ({}, {"unique_key": "only"})):
        for _ in range(2):
            last = await reader.post(JOBS, json={**body(), **more}, headers=headers)
        assert clean(last)["args"]["pin"] == MASK


async def test_a_filter_finds_nothing_by_a_hidden_value(reader: httpx.AsyncClient, seen: list[dict[str, Any]]) -> None:
    job = await put(reader)
    for path in (f"{JOBS}?view=row&", f"{JOBS}?", f"{JOBS}/export?format=jsonl&"):
        for q in (PIN, CARD[:9], f'"{CARD}"'):
            found = await reader.get(f"{path}q={q}")
            assert found.status_code == 200
            assert job not in found.text
        for q in (f"args.pin:{PIN}", f"-args.pin:{PIN}", "args.card.number:1", "meta.access_token:x"):
            refused = await reader.get(f"{path}q={q}")
            assert refused.status_code == 422
            [error] = refused.json()["errors"]
            assert error["pointer"] == "/q"
            assert "is redacted by the rule" in error["detail"]
    assert (await reader.post(f"{JOBS}/count", json={"q": PIN})).json()["value"] == 0
    assert job in (await reader.get(f"{JOBS}?q=args.card.name:Ann")).text


async def test_a_bulk_operation_means_no_job_by_a_hidden_value(
    app: TaskFlow, reader: httpx.AsyncClient, seen: list[dict[str, Any]]
) -> None:
    job = await put(reader)
    asked = {"action": "cancel", "q": PIN}
    assert clean(await reader.post("/api/v1/bulk", json={**asked, "dry_run": True})) == {
        "matched": {"value": 0, "exact": True}, "sample": [],
    }  # fmt: skip
    for q in (f"args.pin:{PIN}", f"-args.pin:{PIN}"):
        for dry_run in (False, True):
            refused = await reader.post("/api/v1/bulk", json={"action": "cancel", "q": q, "dry_run": dry_run})
            assert refused.status_code == 422
            [error] = refused.json()["errors"]
            assert error["pointer"] == "/q"
            assert "is redacted by the rule" in error["detail"]
    assert (await reader.get("/api/v1/bulk")).json()["items"] == []
    sample = clean(await reader.post("/api/v1/bulk", json={"action": "cancel", "q": "", "dry_run": True}))["sample"]
    assert [row["id"] for row in sample] == [job]


async def test_an_edited_copy_keeps_what_was_hidden(
    app: TaskFlow, reader: httpx.AsyncClient, seen: list[dict[str, Any]]
) -> None:
    job = await put(reader)
    args = (await reader.get(f"{JOBS}/{job}")).json()["args"]
    args["card"]["name"] = "Bob"
    copy = clean(await reader.post(f"{JOBS}/{job}/replay", json={"args": args}))
    stored = (await app.jobs.aget(copy["id"])).args
    assert stored == {"card": {"number": CARD, "name": "Bob"}, "pin": PIN, "token": TOKEN}
    whole = clean(await reader.post(f"{JOBS}/{job}/replay"))
    assert (await app.jobs.aget(whole["id"])).args == (await app.jobs.aget(job)).args
    for wrong, pointer in (({**args, "fails": MASK}, "/args/fails"), ({**args, "card": {"x": MASK}}, "/args/card/x")):
        refused = await reader.post(f"{JOBS}/{job}/replay", json={"args": wrong})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
        assert "give the value itself" in refused.json()["detail"]


async def test_a_copy_does_not_send_what_was_hidden_elsewhere(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    @app.task(name="fetch")
    async def fetch(url: str = "", headers: dict[str, str] | None = None, method: str = "GET") -> None: ...

    headers = {"Authorization": f"Bearer {TOKEN}"}
    made = await reader.post(JOBS, json={"task": "fetch", "args": {"url": "http://a.test/", "headers": headers}})
    job = made.json()["id"]
    masked = {"headers": {"Authorization": MASK}}
    for args, pointer in (
        ({"url": "http://b.test/", **masked}, "/args/url"),
        (masked, "/args/url"),
        ({"url": "http://a.test/", "callback_url": "http://b.test/", **masked}, "/args/callback_url"),
    ):
        refused = await reader.post(f"{JOBS}/{job}/replay", json={"args": args})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
        assert "enter them again, here /args/headers/Authorization" in refused.json()["detail"]
        assert TOKEN not in refused.text
    anew = {"url": "http://b.test/", "headers": {"Authorization": "Bearer mine"}}
    copy = await reader.post(f"{JOBS}/{job}/replay", json={"args": anew})
    assert (await app.jobs.aget(copy.json()["id"])).args == anew
    same = {"url": "http://a.test/", "method": "GET", **masked}
    copy = await reader.post(f"{JOBS}/{job}/replay", json={"args": same})
    assert (await app.jobs.aget(copy.json()["id"])).args["headers"] == headers


async def test_a_refusal_of_a_copy_does_not_repeat_what_is_hidden(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    @app.task(name="known", redact=["plan"])
    async def known(plan: Literal["basic", "full"], size: int = 1) -> None: ...

    async with TaskFlow(app.url) as older:

        @older.task(name="known", redact=["plan"])
        async def takes_more(plan: str, size: int = 1) -> None: ...

        for more in (0, 90, 3_000):
            job = await takes_more.aenqueue("HIDDENPLAN-77" + "x" * more)
            refused = await reader.post(f"{JOBS}/{job.id}/replay", json={"args": {"plan": MASK, "size": 2}})
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["pointer"] == "/args/plan"
            assert "HIDDENPLAN" not in refused.text


async def test_what_an_error_and_a_log_line_cut_is_hidden_before(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    @app.task(name="cut", redact=["pin"], retry=Retry(max_attempts=1))
    async def cut(ctx: Context, pin: str) -> None:
        ctx.log.info("%s%s", "y" * 8_190, pin)
        ctx.log.info(json.dumps({"said": pin}))
        raise ValueError("x" * 7_994 + pin)

    job = await cut.aenqueue("pässwörd-" + PIN)
    await app.worker(job_logs="all").arun_until_idle()
    for answer in (await reader.get(f"{JOBS}/{job.id}"), await reader.get(f"{JOBS}/{job.id}/logs")):
        text = answer.text
        assert "päs" not in text
        assert "p\\u00e4s" not in text
        assert MASK[:2] in text


async def test_the_text_of_a_progress_holds_no_hidden_value(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    @app.task(name="works", redact=["pin"])
    async def works(ctx: Context, pin: str) -> None:
        ctx.progress(0.5, f"working on {pin}")

    job = await works.aenqueue(PIN)
    await app.worker().arun_until_idle()
    stored = await app.jobs.aget(job.id)
    assert stored.progress == {"value": 0.5, "text": f"working on {MASK}"}
    assert clean(await reader.get(f"{JOBS}/{job.id}"))["progress"] == stored.progress


async def test_rules_that_came_later_hold_wherever_the_values_are_at_hand(app: TaskFlow) -> None:
    @app.task(name="late", retry=Retry(max_attempts=1))
    async def late(ctx: Context, pad: str, note: str) -> None:
        ctx.progress(0.5, f"working on {note}")
        raise ValueError(f"no luck with {note} and {TOKEN}")

    @app.task(name="long", retry=Retry(max_attempts=1))
    async def long(note: str) -> None:
        raise ValueError("x" * 290 + note)

    # The value stands behind what a row shows of the arguments, or in the meta alone.
    job = await app.asend("late", {"pad": "p" * 400, "note": PIN}, meta={"shown_once": TOKEN})
    cut = await long.aenqueue(CARD)
    await app.worker().arun_until_idle()
    rules, metrics = ["note", "shown_once"], PrometheusTelemetry()
    async with TaskFlow(app.url, redact=rules, telemetry=metrics) as later, connected(later) as reader:
        rows = {row["id"]: row for row in clean(await reader.get(JOBS, params={"view": "row"}))["items"]}
        assert rows[str(job.id)]["error"]["message"] == f"no luck with {MASK} and {MASK}"
        assert rows[str(cut.id)]["error"]["message"][:291] == "x" * 290 + MASK[0]
        detail = clean(await reader.get(f"{JOBS}/{job.id}"))
        assert detail["progress"]["text"] == f"working on {MASK}"
        groups = clean(await reader.get("/api/v1/errors"))["items"]
        assert {one["task"] for one in groups} == {"late", "long"}
        assert {one["message"] for one in groups if one["task"] == "late"} == {f"no luck with {MASK} and {MASK}"}
        for one in groups:
            clean(await reader.get(f"/api/v1/errors/{one['fingerprint']}"))
            clean(await reader.post(f"/api/v1/errors/{one['fingerprint']}/resolve"))
        for text, found in (("no luck", 1), (TOKEN[:6], 0), (TOKEN[:5] + "x", 0)):
            assert len(clean(await reader.get("/api/v1/errors", params={"q": text}))["items"]) == found


async def test_a_page_without_errors_reads_no_jobs_for_them(app: TaskFlow, seen: list[dict[str, Any]]) -> None:
    read: list[int] = []
    async with app.hub.kept() as session:
        jobs = session.seen.jobs
        inner = jobs._jobs  # type: ignore[attr-defined]

        class Counted:
            def __getattr__(self, name: str) -> Any:
                return getattr(inner, name)

            async def get_many(self, tenant: str, ids: Any) -> Any:
                read.append(len(ids))
                return await inner.get_many(tenant, ids)

        jobs._jobs = Counted()  # type: ignore[attr-defined]
        await app.asend("pay", body()["args"])
        await app.worker().arun_until_idle()
        assert len((await jobs.list_rows(JobFilter(), limit=9, before=None)).items) == 1
        assert read == []
        await app.asend("pay", body(fails=True)["args"])
        await app.worker().arun_until_idle()
        assert len((await jobs.list_rows(JobFilter(), limit=9, before=None)).items) == 2
        assert read == [1]


async def test_a_page_of_large_jobs_hides_messages_in_which_it_does_not_look(
    app: TaskFlow, reader: httpx.AsyncClient
) -> None:
    @app.task(name="large", retry=Retry(max_attempts=1))
    async def large(pad: str, token: str) -> None:
        raise ValueError(f"no luck with {token}")

    @app.task(name="large-plain", retry=Retry(max_attempts=1))
    async def plain(pad: str) -> None:
        raise ValueError("no luck")

    pad = "p" * (MOST_PAYLOAD // 2 - 1_000)
    for _ in range(3):
        await large.aenqueue(pad, TOKEN)
    await plain.aenqueue(pad)
    await app.worker().arun_until_idle()
    rows = clean(await reader.get(JOBS, params={"view": "row"}))["items"]
    messages = {row["error"]["message"] for row in rows if row["task"] == "large"}
    assert messages == {f"no luck with {MASK}", MASK}
    assert [row["error"]["message"] for row in rows if row["task"] == "large-plain"] == ["no luck"]


async def test_a_computed_key_of_hidden_arguments_is_shown_without_its_digest(
    app: TaskFlow, reader: httpx.AsyncClient
) -> None:
    @app.task(name="charge", redact=["card"], unique=Unique(on_conflict="raise"))
    async def charge(card: str, day: int = 1) -> None: ...

    @app.task(name="plain", unique=Unique())
    async def plain(day: int) -> None: ...

    job, other = await charge.aenqueue("4711"), await plain.aenqueue(1)
    stored = (await app.jobs.aget(job.id)).unique_key
    assert stored is not None
    digest = stored.rpartition(":")[2]
    assert (await reader.get(f"{JOBS}/{job.id}")).json()["unique_key"] == f"charge:{MASK}"
    for path in (JOBS, f"{JOBS}?view=row", f"{JOBS}/export?format=csv", f"{JOBS}/export?format=jsonl", "/api/v1/audit"):
        answer = await reader.get(path)
        assert answer.status_code == 200
        assert digest not in answer.text
    assert (await reader.get(f"{JOBS}/{other.id}")).json()["unique_key"] == (await app.jobs.aget(other.id)).unique_key
    refused = await reader.post(f"{JOBS}/{job.id}/replay", json={})
    assert refused.status_code == 409
    assert "'charge:…'" in refused.json()["detail"]
    assert digest not in refused.text


async def test_a_mask_is_never_stored_as_a_value(client: httpx.AsyncClient, seen: list[dict[str, Any]]) -> None:
    masked = {**body()["args"], "pin": MASK}
    for path, sent, pointer in (
        (JOBS, {"task": "pay", "args": masked}, "/args/pin"),
        (JOBS, {"task": "pay", "args": body()["args"], "meta": {"a": [MASK]}}, "/meta/a/0"),
        (f"{JOBS}/bulk", {"jobs": [body(), {"task": "pay", "args": masked}]}, "/jobs/1/args/pin"),
    ):
        refused = await client.post(path, json=sent)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), refused.text
    assert (await client.get(JOBS)).json()["items"] == []


async def test_rules_of_the_environment_and_of_the_app_hold_for_every_task(
    tmp_path: Any, sqlite_template: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFLOW_REDACT", "-default,anything:value.iban")
    made = new_app(tmp_path)
    made.redact = TaskFlow("sqlite:///unused.db", redact=["args.name"]).redact
    async with made, connected(made) as reader:
        await reader.post(JOBS, json={"task": "anything", "args": {"value": {"iban": "DE07", "password": "shown"}}})
        await reader.post(JOBS, json={"task": "greet", "args": {"name": "Ada"}})
        greet, anything = (await reader.get(JOBS)).json()["items"]
        assert greet["args"] == {"name": MASK}
        assert anything["args"] == {"value": {"iban": MASK, "password": "shown"}}
        # The app's rules are announced with its tasks: a program without it hides the same.
        options = (await reader.get("/api/v1/tasks/greet")).json()["options"]
        assert options["redact"] == ["args.name"]


async def test_rules_that_another_program_announces_hold(
    app: TaskFlow, reader: httpx.AsyncClient, tmp_path: Any
) -> None:
    async with TaskFlow(app.url) as other:

        @other.task(name="elsewhere", redact=["note"])
        async def elsewhere(note: str) -> None: ...

        await elsewhere.aenqueue("quiet")
        (job,) = (await reader.get(JOBS)).json()["items"]
        assert job["args"] == {"note": MASK}
