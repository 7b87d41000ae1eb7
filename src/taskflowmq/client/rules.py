"""The rules of redaction that hold for an app: of its process, of its tasks, and of those that others announce."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from typing import Protocol

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.redaction import Redaction, Rule, rules_of
from taskflowmq.ports.store import Intake
from taskflowmq.ports.tasks import TaskSpec

#: How old they may be, in seconds.
KNOWN_FOR_S = 2.0


class Announceable(Protocol):
    """The part of an app's registry that a session uses: its tasks, and whether they have changed."""

    @property
    def revision(self) -> int:
        """A number that changes whenever a task is added."""
        ...

    def __iter__(self) -> Iterator[TaskSpec]:
        """Iterate over the tasks."""
        ...


class Rules:
    """What is hidden, by rules that are two seconds old at most.

    Args:
        intake: says what tasks are announced.
        registry: the tasks of this program.
        tenant: whose tasks.
        given: rules for all of them.
    """

    def __init__(self, intake: Intake, registry: Announceable, tenant: str, given: Collection[Rule]) -> None:
        self._intake = intake
        self._registry = registry
        self._tenant = tenant
        self._given = tuple(given)
        self._own: tuple[Rule, ...] = ()
        self._revision = -1
        #: Names that the store knew, or did not know, when it was asked last.
        self._answered: frozenset[str] = frozenset()
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        #: What is known now.
        self.known = Redaction(given)

    async def known_for(self, tasks: Collection[str] = ()) -> Redaction:
        """Return what is hidden.

        Args:
            tasks: whose jobs are shown. For one that is not known yet, the store is asked again.

        Raises:
            StoreUnavailable: it has not answered yet.
        """
        if not self._is_fresh(tasks):
            async with self._reading:
                if not self._is_fresh(tasks):
                    await self._read(tasks)
        return self.known

    def _is_fresh(self, tasks: Collection[str]) -> bool:
        if self._read_at is None or self._revision != self._registry.revision:
            return False
        age = asyncio.get_running_loop().time() - self._read_at
        return age < KNOWN_FOR_S and self._answered.issuperset(tasks)

    async def _read(self, tasks: Collection[str]) -> None:
        try:
            views = await self._intake.list_tasks(self._tenant)
        except StoreUnavailable:
            if self._read_at is None:
                raise
            # The previous answer serves until the store is back, also for those who wait here.
            self._read_at = asyncio.get_running_loop().time()
            self._answered |= frozenset(tasks)
            return
        self._read_at = asyncio.get_running_loop().time()
        if self._revision != self._registry.revision:
            self._revision = self._registry.revision
            self._own = tuple(rule for task in self._registry for rule in rules_of(task.name, task.notice().options))
        self._answered = frozenset(view.name for view in views).union(tasks)
        announced = (rule for view in views for rule in rules_of(view.name, view.options))
        found = Redaction((*self._given, *self._own, *announced))
        if found != self.known:  # the same one has its answers already
            self.known = found
