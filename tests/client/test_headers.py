"""What travels with a job beside its arguments: the trace it belongs to, who asked, which release of the program."""

from __future__ import annotations

from typing import Any

import pytest

from taskflowmq import Context, InvalidJob, TaskFlow, current_context
from taskflowmq.client.headers import is_traceparent
from taskflowmq.testing import adrain

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_handler_sees_the_trace_and_the_release_of_who_enqueued(database_url: str) -> None:
    seen: list[dict[str, Any]] = []
    async with TaskFlow(database_url, release="2.4.1") as app:

        @app.task
        async def look(ctx: Context) -> None:
            seen.append(dict(ctx.headers))

        await look.using(traceparent=TRACE).aenqueue()
        await app.aenqueue_many([look.job(), look.using(traceparent=TRACE).job()])
        await adrain(app)
    assert seen == [
        {"traceparent": TRACE, "release": "2.4.1"},
        {"release": "2.4.1"},
        {"traceparent": TRACE, "release": "2.4.1"},
    ]


async def test_what_a_handler_enqueues_continues_its_trace(app: TaskFlow) -> None:
    seen: dict[str, Any] = {}

    @app.task
    def leaf(name: str) -> None:
        seen[name] = current_context().headers

    @app.task
    def in_a_thread() -> None:
        leaf.enqueue("thread")

    @app.task
    async def root() -> None:
        await leaf.aenqueue("loop")
        await in_a_thread.aenqueue()
        await leaf.using(traceparent=TRACE.replace("4bf9", "0000")).aenqueue("own")

    await root.using(traceparent=TRACE).aenqueue()
    await adrain(app)
    await leaf.aenqueue("outside")
    await adrain(app)
    assert seen == {
        "loop": {"traceparent": TRACE},
        "thread": {"traceparent": TRACE},
        "own": {"traceparent": TRACE.replace("4bf9", "0000")},
        "outside": {},
    }


@pytest.mark.parametrize("given", ["", "00-1-2-01", TRACE.upper(), f"{TRACE}-x", "ff" + TRACE[2:], b"00", 7])
def test_a_malformed_trace_context_is_refused_by_name(given: Any) -> None:
    app = TaskFlow("sqlite:///never-opened.db")

    @app.task
    async def anything() -> None: ...

    with pytest.raises(InvalidJob, match="traceparent"):
        anything.using(traceparent=given)


def test_ids_of_nothing_but_zeros_are_no_trace() -> None:
    assert is_traceparent(TRACE)
    assert not is_traceparent(f"00-{'0' * 32}-00f067aa0ba902b7-01")
    assert not is_traceparent(f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01")
