"""Orders of the demo as jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taskflowmq.client.app import BaseApp
from taskflowmq.client.task import JobRequest
from taskflowmq.demo.orders import Order


def requests_of(app: BaseApp, given: Iterable[Order]) -> list[JobRequest[Any]]:
    """Return what ``app.enqueue_many()`` stores of orders."""
    return [app.tasks[order.task].using(**order.options).job(**order.args) for order in given]
