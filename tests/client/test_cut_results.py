"""A result that was too large is stored as the beginning of its JSON: its fields are hidden all the same."""

from __future__ import annotations

import msgspec

from taskflowmq import TaskFlow
from taskflowmq.core.hidden_values import MASK
from taskflowmq.core.redacted import shown_job
from taskflowmq.core.redaction import Redaction, read_rules


async def test_a_field_of_a_cut_result_is_hidden_by_a_rule_that_came_later(app: TaskFlow) -> None:
    @app.task
    async def collect() -> dict[str, str]:
        return {"iban": "DE02120300000000202051", "note": "DE02120300000000202051 was paid", "rows": "x" * 300_000}

    handle = await collect.aenqueue()
    await app.worker().arun_until_idle()
    view = await app.jobs.aget(handle.id)
    assert view.result_error is not None
    assert "DE0212" in view.result
    shown = shown_job(Redaction(read_rules(["iban"])), view)
    assert f'"iban":"{MASK}"' in shown.result
    assert '"note":"DE0212' in shown.result
    assert shown_job(Redaction(read_rules(["result"])), view).raw_result == msgspec.json.encode(MASK)
    assert shown_job(Redaction(read_rules(["bic"])), view) is view
