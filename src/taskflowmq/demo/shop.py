"""The tasks of a shop that does not exist: some end well, some badly, some late.

What becomes of a job follows from its arguments and its attempt, so that a seed repeats it. Nothing is called or sent:
bodies sleep.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

from taskflowmq import Cancel, Context, Discard, Retry, Snooze, TaskFlow, Unique
from taskflowmq.ports.telemetry import JOB_LINE

#: Colours of a terminal, which the page of a job shows.
_BOLD, _RED, _GREEN, _PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
#: The queue that is paused from the start.
PAUSED = "newsletter"
#: A host that refuses nearly every connection.
FLAKY = "hooks.flaky.example"

#: What its workers announce; the releases before it are in `scenes.py`.
RELEASE = "shop-2.5.0"

app = TaskFlow(release=RELEASE)
_worker_log = logging.getLogger("taskflowmq.worker")
_job_log = logging.getLogger("taskflowmq.job")


def _is_of_no_job(record: logging.LogRecord) -> bool:
    """Tell whether a line is shown: three a second, and tracebacks of made-up failures, would hide all others."""
    return JOB_LINE not in record.__dict__


def _is_shown_with_its_job(_record: logging.LogRecord) -> bool:
    """Leave out what bodies log: it is kept with their jobs."""
    return False


@app.on_worker_start
def hide_lines_of_jobs(_state: Any) -> None:
    """Keep the terminal readable."""
    _worker_log.addFilter(_is_of_no_job)
    _job_log.addFilter(_is_shown_with_its_job)


@app.on_worker_stop
def show_lines_of_jobs(_state: Any) -> None:
    """Leave the log as it was."""
    _worker_log.removeFilter(_is_of_no_job)
    _job_log.removeFilter(_is_shown_with_its_job)


def _dice(ctx: Context, order: int) -> random.Random:
    return random.Random(f"{ctx.job.task} {order} {ctx.attempt}")


async def _work(ctx: Context, seconds: float, steps: int, what: str) -> None:
    """Sleep, and tell how far it is."""
    for step in range(steps):
        await asyncio.sleep(seconds / steps)
        ctx.log.info("%s %d of %d", what, step + 1, steps)
        ctx.progress(round((step + 1) / steps, 3), f"{what} {step + 1} of {steps}")


@app.task(
    name="mail.send",
    queue="mail",
    retry=Retry(initial=5),
    timeout=30,
    examples=[{"order": 10_001, "to": "ada@example.com", "template": "receipt"}],
)
async def send_mail(ctx: Context, order: int, to: str, template: str) -> dict[str, Any]:
    """Send a mail about an order."""
    dice = _dice(ctx, order)
    ctx.log.info("connecting to smtp.example.com:587", extra={"to": to, "template": template})
    await asyncio.sleep(dice.uniform(0.05, 0.4))
    if dice.random() < 0.015:
        ctx.log.warning("connection lost after EHLO")
        raise ConnectionResetError("smtp.example.com closed the connection")
    return {"to": to, "template": template, "message_id": f"<{order}.{template}@shop.example>"}


@app.task(name="reminder.send", queue="mail", examples=[{"order": 10_001, "to": "ada@example.com"}])
async def send_reminder(ctx: Context, order: int, to: str) -> dict[str, str]:
    """Remind a customer of an order that was not paid; cancelled if it was paid meanwhile."""
    if _dice(ctx, order).random() < 0.4:
        raise Cancel(f"order {order} was paid meanwhile")
    await asyncio.sleep(0.1)
    return {"to": to}


@app.task(name="newsletter.send", queue=PAUSED)
async def send_newsletter(issue: str, part: int) -> int:
    """Send one part of a newsletter."""
    await asyncio.sleep(0.5)
    return part


@app.task(
    name="webhook.deliver",
    queue="webhooks",
    retry=Retry(max_attempts=3, initial=4, factor=3),
    timeout=10,
    examples=[{"order": 10_001, "url": f"https://{FLAKY}/orders", "event": "order.paid"}],
)
async def deliver_webhook(ctx: Context, order: int, url: str, event: str) -> dict[str, int]:
    """Tell a partner about an event."""
    dice = _dice(ctx, order)
    await asyncio.sleep(dice.uniform(0.08, 0.9))
    host = url.split("/")[2]
    ctx.log.info("%sPOST%s %s", _BOLD, _PLAIN, url, extra={"event": event, "order": order})
    if dice.random() < (0.85 if host == FLAKY else 0.035):
        ctx.log.debug("request id %08x", dice.getrandbits(32))
        if dice.random() < 0.7:
            ctx.log.error("%s%s: connection refused%s after 3 tries", _RED, host, _PLAIN)
            raise ConnectionRefusedError(f"{host} refused the connection")
        ctx.log.error("%s503%s Service Unavailable", _RED, _PLAIN, extra={"retry_after": 4})
        raise RuntimeError(f"{host} answered 503 Service Unavailable to {event}")
    return {"status": 204}


class GatewayTimeout(Exception):
    """The payment gateway does not answer."""


@app.task(name="payment.capture", queue="payments", priority=-10, timeout=20, unique=Unique(by="order"))
async def capture_payment(ctx: Context, order: int, amount: float, currency: str = "EUR") -> dict[str, Any]:
    """Capture the payment of an order."""
    dice = _dice(ctx, order)
    await asyncio.sleep(dice.uniform(0.1, 0.6))
    ctx.log.info("authorising %.2f %s", amount, currency)
    chance = dice.random()
    if chance < 0.004:
        raise Discard(f"card declined: insufficient funds for {amount:.2f} {currency}")
    if chance < 0.025:
        ctx.log.warning("no answer from pay.example.com", extra={"waited": 0.5})
        raise GatewayTimeout("pay.example.com sent no answer within 0.5 s")
    return {"captured": amount, "currency": currency}


@app.task(name="image.resize", queue="media", retry=Retry(max_attempts=1), timeout=60)
async def resize_image(ctx: Context, order: int, source: str, width: int) -> dict[str, Any]:
    """Make a smaller picture of a product."""
    dice = _dice(ctx, order)
    ctx.log.info("reading %s", source)
    await _work(ctx, dice.uniform(0.5, 4), 4, "step")
    if source.endswith(".heic"):
        raise ValueError(f"cannot identify image file {source!r}")
    return {"source": source, "width": width, "bytes": dice.randint(8_000, 90_000)}


@app.task(name="search.index", queue="search", priority=20, retry=Retry(max_attempts=2, initial=3))
async def index_product(ctx: Context, order: int, product: dict[str, Any]) -> str:
    """Put a product into the search index."""
    dice = _dice(ctx, order)
    await asyncio.sleep(dice.uniform(0.02, 0.12))
    return f"{product['sku']} at {product['price']}"


@app.task(name="report.build", queue="reports", retry=Retry(max_attempts=2, initial=10), timeout=32)
async def build_report(ctx: Context, order: int, month: str, pages: int) -> dict[str, Any]:
    """Build a long report, page by page; some take longer than they may."""
    ctx.log.info("report of %s: %d pages", month, pages)
    await _work(ctx, _dice(ctx, order).uniform(8, 34), pages, "page")
    ctx.log.info("%sdone%s", _GREEN, _PLAIN)
    return {"month": month, "pages": pages}


@app.task(name="inventory.sync", queue="inventory", unique=Unique(by="warehouse"))
async def sync_inventory(ctx: Context, order: int, warehouse: str) -> dict[str, Any]:
    """Compare a warehouse with the books, once at a time; comes back later if the warehouse is closed."""
    dice = _dice(ctx, order)
    if dice.random() < 0.1:
        raise Snooze(20)
    await _work(ctx, dice.uniform(1, 4), 5, "shelf")
    return {"warehouse": warehouse, "checked": dice.randint(200, 4_000), "corrected": dice.randint(0, 12)}


@app.task(name="receipt.archive", queue="archive", retry=Retry(max_attempts=1))
async def archive_receipt(ctx: Context, order: int, bucket: str) -> dict[str, Any]:
    """Put a receipt into an archive, which was full this morning and has room now: a retry succeeds."""
    await asyncio.sleep(_dice(ctx, order).uniform(0.01, 0.05))
    return {"stored": f"{bucket}/{order}.pdf"}


@app.task(name="export.write", queue="exports", timeout=120)
async def write_export(ctx: Context, order: int, rows: int) -> dict[str, int]:
    """Write a long file; the worker that began these was lost."""
    await _work(ctx, 20, 20, "part")
    return {"rows": rows}


@app.task(name="feedback.store", queue="feedback", retry=Retry(max_attempts=1))
async def store_feedback(ctx: Context, order: int, comment: str, account: int, attachment: str = "") -> dict[str, Any]:
    """Keep what a customer has written, whatever it is; nothing of it may reach a page but as text."""
    ctx.log.info("feedback: %s", comment)
    if order % 2:
        raise ValueError(comment)
    return {"comment": comment, "account": account, "length": len(attachment)}
