"""What runs beside the jobs: a loop that its owner starts, stops and watches."""

from __future__ import annotations

from typing import Protocol


class Duty(Protocol):
    """A periodic piece of upkeep. It survives every error of its own; only cancelling ends it."""

    @property
    def name(self) -> str:
        """The word for logs and metrics."""
        ...

    async def run(self) -> None:
        """Run the duty periodically, until cancelled."""
        ...
