"""What programs that use TaskFlow need in their own tests; nothing here runs in production.

| name | what it does |
|---|---|
| `in_memory_app(app)` | gives an app an empty database for the length of a `with` block |
| `drain(app)`, `adrain(app)` | runs every due job in the real worker, here and now |
| `assert_enqueued`, `refute_enqueued` | look at what was enqueued; `conn=` also at an open transaction of yours |
| `VirtualClock` | time that moves when the test says so |

The pytest plugin (`taskflow_app`, `taskflow_clock`, `taskflow_drain`) is in `plugin`; the suite that every store
must pass in `conformance`. docs/testing.md shows how they are used, `taskflowmq.contrib.django.testing` is for Django.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskflowmq.testing.app import adrain, drain, in_memory_app
    from taskflowmq.testing.assertions import assert_enqueued, refute_enqueued
    from taskflowmq.testing.clock import VirtualClock

__all__ = ["VirtualClock", "adrain", "assert_enqueued", "drain", "in_memory_app", "refute_enqueued"]

_HOMES = {
    "VirtualClock": "clock",
    "adrain": "app",
    "assert_enqueued": "assertions",
    "drain": "app",
    "in_memory_app": "app",
    "refute_enqueued": "assertions",
}


def __getattr__(name: str) -> Any:
    """Import a helper when it is asked for: the plugin is loaded by runs that use none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
