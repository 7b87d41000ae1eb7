"""What simulated jobs do: each carries its plan, one word per fence, so that the same history does the same again."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from taskflowmq.client.app import BaseApp
from taskflowmq.client.options import Origin
from taskflowmq.core.directives import Cancel, Discard, RetryAfter, Snooze
from taskflowmq.core.retry import Retry
from taskflowmq.ports.context import Context

#: What a body may be told to do; the last word of a plan is repeated.
WORDS = ("ok", "slow", "fail", "later", "snooze", "cancel", "discard", "hang", "crash")
TIMEOUT = 6.0


def make_app(node: Any) -> BaseApp:
    """Make the program that a simulated process runs: two tasks on the process's own store."""
    app = BaseApp("simulated://", make_store=lambda _: node.gate, tenant=node.tenant)
    app.origin = Origin(node.tenant, node.new_id)

    @app.task(name="work", timeout=TIMEOUT, retry=Retry(max_attempts=3, initial=0.5, max_delay=4))
    async def work(ctx: Context, plan: list[str]) -> dict[str, int]:
        job_id, fence = ctx.job.id, ctx.lease_no
        node.world.event(node.name, "begins", job_id, fence, ctx.attempt)
        ctx.progress({"fence": fence})
        await _act(node, plan[min(fence, len(plan)) - 1])
        result = {"fence": fence}
        node.world.event(node.name, "returns", job_id, fence, msgspec.json.encode(result))
        return result

    return app


async def _act(node: Any, word: str) -> None:
    await node.clock.sleep({"ok": 0.02, "slow": 2.5, "hang": 600.0}.get(word, 0.1))
    match word:
        case "fail":
            raise ValueError("told to fail")
        case "later":
            raise RetryAfter(1.5)
        case "snooze":
            raise Snooze(2)
        case "cancel":
            raise Cancel("told to")
        case "discard":
            raise Discard("told to")
        case "crash":
            node.world.loop.call_soon(node.world.kill, node, -11)
            await asyncio.get_running_loop().create_future()
        case _:
            return
