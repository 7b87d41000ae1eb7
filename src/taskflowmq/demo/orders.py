"""Which jobs the shop's customers cause: an endless sequence that a seed repeats. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from taskflowmq.client.options import SendOptions
from taskflowmq.demo.shop import FLAKY

Args = dict[str, Any]

_NAMES = ("ada", "grace", "alan", "edsger", "barbara", "donald", "margaret", "tony", "radia", "niklaus")
_HOSTS = ("hooks.acme.example", "api.globex.example", "in.initech.example", "hooks.hooli.example")
_WAREHOUSES = ("berlin", "lyon", "porto", "turku", "gdansk")
_TEMPLATES = ("receipt", "shipped", "welcome", "review")
_EVENTS = ("order.paid", "order.shipped", "order.returned")
_SKUS = ("TEA-110", "MUG-204", "POT-330", "CUP-017", "JAR-812")
_REGIONS = ("eu", "us", "apac")


class Order(NamedTuple):
    """One job to enqueue."""

    task: str
    args: Args
    options: SendOptions


def orders(seed: int) -> Iterator[Order]:
    """Return what is enqueued while the demo runs."""
    dice = random.Random(f"orders {seed}")
    kinds, weights = tuple(_MIX), tuple(weight for weight, _ in _MIX.values())
    while True:
        (task,) = dice.choices(kinds, weights)
        options: SendOptions = {"tags": [dice.choice(_REGIONS)]}
        args = _MIX[task][1](dice, options)
        yield Order(task, args, options)


def waiting_orders(seed: int) -> list[Order]:
    """Return what waits from the start, and for long: scheduled jobs, and a newsletter in its paused queue."""
    dice = random.Random(f"waiting {seed}")
    found = [Order("newsletter.send", {"issue": "spring", "part": part}, {}) for part in range(1, 15)]
    for number in range(30):
        later = dice.uniform(300, 3_600) if number < 10 else dice.uniform(3_600, 72_000)
        found.append(Order("reminder.send", _customer(dice, {}), {"delay": round(later), "tags": ["reminder"]}))
    return found


def early_orders(seed: int) -> list[Order]:
    """Return jobs that die at once, are cancelled or take long, for some in every state from the first minute on."""
    dice = random.Random(f"early {seed}")
    found = [Order("report.build", _report(dice, {}), {"tags": ["monthly"]}) for _ in range(3)]
    found += [Order("webhook.deliver", _flaky(dice, {}), {"max_attempts": 1}) for _ in range(16)]
    found += [Order("search.index", _nameless(dice, {}), {"max_attempts": 1}) for _ in range(4)]
    found += [Order("image.resize", {**_image(dice, {}), "source": f"uploads/{n}.heic"}, {}) for n in range(3)]
    found += [Order("reminder.send", _customer(dice, {}), {"tags": ["reminder"]}) for _ in range(6)]
    dice.shuffle(found)
    return found + hostile_orders()


def failed_orders(seed: int, count: int) -> list[Order]:
    """Return jobs that have all failed alike."""
    dice = random.Random(f"failed {seed}")
    return [Order("receipt.archive", {"order": _order(dice), "bucket": "receipts-2026"}, {}) for _ in range(count)]


def held_orders(seed: int) -> list[Order]:
    """Return jobs that a worker held when it died."""
    dice = random.Random(f"held {seed}")
    return [Order("export.write", {"order": _order(dice), "rows": dice.randint(900, 9_000)}, {}) for _ in range(3)]


def hostile_orders() -> list[Order]:
    """Return what customers write who want to see what a page makes of it; every other one fails with it."""
    found = []
    for number, comment in enumerate(_HOSTILE):
        args: Args = {"order": 20_000 + number, "comment": comment, "account": _BIG[number % len(_BIG)]}
        if number == 0:
            args["attachment"] = "<b>0123456789abcdef</b> " * 8_600  # 200 kB
        found.append(Order("feedback.store", args, {"tags": ["hostile"]}))
    return found


#: What visitors of a public demonstration enqueue: a long job with a log, one that is retried, one that succeeds.
VISITS: tuple[tuple[str, Args], ...] = (
    ("report.build", {"order": 30_001, "month": "2026-11", "pages": 12}),
    ("webhook.deliver", {"order": 30_002, "url": f"https://{FLAKY}/orders", "event": "order.paid"}),
    ("image.resize", {"order": 30_003, "source": "products/30003.jpg", "width": 640}),
)
#: Markup, a template, a formula of a spreadsheet, text that runs from right to left or turns, and what ends lines.
_HOSTILE = (
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"'></td></tr></table><h1 style=position:fixed;inset:0>owned</h1>",
    "{{constructor.constructor('return this')()}} ${7*7}",
    '=HYPERLINK("https://evil.example","click")',
    "\u202emoc.elpmaxe@liam\u202c is not an address",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645, \u05e9\u05dc\u05d5\u05dd 123",
    "line one\r\nline two\u2028line three\x1b[2J\x07",
)
#: Integers that JavaScript cannot hold.
_BIG = (9_007_199_254_740_993, 9_223_372_036_854_775_807, -9_223_372_036_854_775_808)


def _order(dice: random.Random) -> int:
    return dice.randint(10_000, 99_999)


def _customer(dice: random.Random, _: SendOptions) -> Args:
    return {"order": _order(dice), "to": f"{dice.choice(_NAMES)}@example.com"}


def _mail(dice: random.Random, options: SendOptions) -> Args:
    return {**_customer(dice, options), "template": dice.choice(_TEMPLATES)}


def _reminder(dice: random.Random, options: SendOptions) -> Args:
    options["delay"] = dice.randint(20, 600)
    return _customer(dice, options)


def _webhook(dice: random.Random, options: SendOptions) -> Args:
    if dice.random() < 0.02:
        return _flaky(dice, options)
    return {"order": _order(dice), "url": f"https://{dice.choice(_HOSTS)}/orders", "event": dice.choice(_EVENTS)}


def _flaky(dice: random.Random, _: SendOptions) -> Args:
    return {"order": _order(dice), "url": f"https://{FLAKY}/orders", "event": dice.choice(_EVENTS)}


def _payment(dice: random.Random, options: SendOptions) -> Args:
    if dice.random() < 0.1:
        options["priority"] = -50
        options["tags"] = ["vip"]
    return {"order": _order(dice), "amount": round(dice.uniform(4, 240), 2), "currency": dice.choice(("EUR", "USD"))}


def _image(dice: random.Random, _: SendOptions) -> Args:
    number, kind = _order(dice), "heic" if dice.random() < 0.003 else "jpg"
    return {"order": number, "source": f"products/{number}.{kind}", "width": dice.choice((160, 320, 640, 1280))}


def _product(dice: random.Random, options: SendOptions) -> Args:
    if dice.random() < 0.003:
        return _nameless(dice, options)
    return {"order": _order(dice), "product": {"sku": dice.choice(_SKUS), "price": round(dice.uniform(2, 80), 2)}}


def _nameless(dice: random.Random, _: SendOptions) -> Args:
    """Return a product without a price, which no attempt can index."""
    return {"order": _order(dice), "product": {"sku": dice.choice(_SKUS)}}


def _report(dice: random.Random, _: SendOptions) -> Args:
    return {"order": _order(dice), "month": f"2026-{dice.randint(1, 12):02}", "pages": dice.randint(8, 40)}


def _warehouse(dice: random.Random, _: SendOptions) -> Args:
    return {"order": _order(dice), "warehouse": dice.choice(_WAREHOUSES)}


#: Task → its share of the jobs in percent, and what makes its arguments and options.
_MIX: dict[str, tuple[float, Callable[[random.Random, SendOptions], Args]]] = {
    "mail.send": (34, _mail),
    "webhook.deliver": (21, _webhook),
    "payment.capture": (14, _payment),
    "image.resize": (12, _image),
    "search.index": (13, _product),
    "inventory.sync": (3, _warehouse),
    "report.build": (2, _report),
    "reminder.send": (1, _reminder),
}
SHARES = {task: weight / sum(weight for weight, _ in _MIX.values()) for task, (weight, _) in _MIX.items()}
