"""Compares a real store with the model, call by call: the same call, the same answer, the same rows.

What may differ, and why:

* Which of equally good jobs a claim takes: the model follows the store's choice, after checking that it was a right
  one (nothing it may not have, as many as there are, most urgent first, first in first out in each lane).
* PostgreSQL remembers lanes for up to 1.5 s: a claim that found something may have missed a lane that is younger.
* How many rows pruning deleted: the engines count and keep differently (whole days on PostgreSQL).
* In how many rows figures are appended (one statement may end many jobs): they are compared added up.
* The order of the keys in a worker's info: PostgreSQL sorts them when it adds a note.
* The words of an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import msgspec
from tests.simulation import rules
from tests.simulation.backends import ModelBackend
from tests.simulation.rows import Data
from tests.simulation.snapshot import Snapshot

from taskflowmq.core.attempts import Attempts
from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.history import joined
from taskflowmq.core.job import ClaimedJob, JobView
from taskflowmq.core.retention import QueueRetention
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import StepFigures, StoreStats
from taskflowmq.ports.store.workers import WorkerView

#: Calls whose answer is not compared.
_UNCOMPARED = frozenset({"upkeep.prune", "upkeep.maintain", "upkeep.check", "intake.list_tasks"})
#: Seconds for which a lane may be unknown to a claimer on PostgreSQL.
LANES_AGE = 1.5


class Oracle:
    """The model beside a real store."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.model = ModelBackend(clock)
        self._lanes: dict[rules.Lane, float] = {}

    def follow(
        self, engine: str, what: tuple[str, str], args: Sequence[Any], kwargs: dict[str, Any], said: Any
    ) -> list[str]:
        """Do in the model what a store just did, and say where it should have answered otherwise.

        Args:
            engine: whose answer it is.
            what: part and method.
            args, kwargs: of the call.
            said: the store's answer, or the error that it raised.
        """
        name = ".".join(what)
        if name == "claims.claim":
            return self._follow_claim(engine, args[0], said)
        if name == "queues.resume":
            # To the other processes, a lane that is served again is as new as one that was just made.
            self._lanes |= {lane: self._clock.monotonic() for lane in self._lanes if lane[1:3] == args}
        try:
            mine: Any = self.model.call("oracle", *what, args, kwargs)
        except TaskFlowError as error:
            mine = error
        if name in _UNCOMPARED:
            return []
        ours, theirs = plain(mine), plain(said)
        if name == "history.roll_up":
            ours, theirs = bool(ours), bool(theirs)
        return [] if ours == theirs else [f"{engine} answered {name} with {theirs!r}, the model with {ours!r}"]

    def _follow_claim(self, engine: str, request: Any, said: Any) -> list[str]:
        data, now = self.model.data, self._clock.now()
        if isinstance(said, BaseException):
            return [f"{engine} refused a claim: {said!r}"]
        chosen = [job.id for job in said]
        known = rules.claimable(data, request, now)
        wrong = rules.wrong_claim(data, request, chosen, now)
        if wrong and engine == "postgres" and chosen:
            young = [lane for lane in known if self._age(lane) <= LANES_AGE]
            hidden = {job_id for lane in young for job_id in known[lane]} - set(chosen)
            wrong = rules.wrong_claim(_without(data, hidden), request, chosen, now)
        for lane in known:
            self._lanes.setdefault(lane, self._clock.monotonic())
        if wrong:
            return [f"{engine} answered a claim of {request} wrongly: {wrong}"]
        mine = rules.take(data, request, chosen, now)
        return [
            f"{engine} claimed {plain(theirs)}, the model {plain(ours)}"
            for ours, theirs in zip(mine, said, strict=True)
            if plain(ours) != plain(theirs)
        ]

    def _age(self, lane: rules.Lane) -> float:
        return self._clock.monotonic() - self._lanes.get(lane, self._clock.monotonic())

    def differences(self, engine: str, theirs: Snapshot) -> list[str]:
        """Say where a store's rows are not the model's."""
        ours, wrong = self.model.snapshot(), []
        now = (self._clock.now().timestamp()) * 1_000_000
        for field in Snapshot.__struct_fields__:
            mine, other = getattr(ours, field), getattr(theirs, field)
            if mine == other:
                continue
            if not isinstance(mine, dict):
                wrong.append(f"{field}: {engine} has {other}, the model {mine}")
                continue
            wrong += [
                f"{field} of {key}: {engine} has {other.get(key)}, the model {mine.get(key)}"
                for key in sorted(mine.keys() | other.keys(), key=str)
                if mine.get(key) != other.get(key) and not _lapsed(mine.get(key), other.get(key), now)
            ]
        return wrong


def _lapsed(mine: Any, other: Any, now: float) -> bool:
    """A key whose time is over counts for nothing, whether or not somebody has swept it away."""
    return all(one is None or (getattr(one, "until", None) is not None and one.until <= now) for one in (mine, other))


def _without(data: Any, hidden: set[Any]) -> Any:
    other = Data()
    vars(other).update(vars(data))
    other.ready = {job_id: row for job_id, row in data.ready.items() if job_id not in hidden}
    return other


def plain(value: Any) -> Any:
    """Return an answer without what may differ between engines."""
    if isinstance(value, TaskFlowError):
        return type(value).__name__
    if isinstance(value, ClaimedJob):
        return msgspec.structs.replace(value, waited=round(value.waited, 3), args=_json(value.args))
    if isinstance(value, JobView):
        # A request that came too late is kept by one engine and forgotten by the other.
        asked = value.cancel_requested_at if value.state == "running" else None
        return msgspec.structs.replace(value, cancel_requested_at=asked, result_error=bool(value.result_error))
    if isinstance(value, WorkerView):
        info = msgspec.json.encode(msgspec.json.decode(value.info), order="sorted")
        return msgspec.structs.replace(value, info=info)
    if isinstance(value, StoreStats):
        states = {state: count for state, count in value.states.items() if count}
        queues = {
            (view.tenant, view.name): ({s: n for s, n in view.states.items() if n}, view.pause, view.retention)
            for view in value.queues
        }
        # A queue is made before the first job that it is made for, which may then be refused.
        return states, {queue: seen for queue, seen in queues.items() if seen != ({}, None, QueueRetention())}
    if isinstance(value, StepFigures):
        return value.number, value.name or "", value.span_s, joined(value.parts)
    if isinstance(value, Attempts):
        return dict(value.counts), [plain(item) for item in value]
    if isinstance(value, list | tuple):
        items = [plain(item) for item in value]
        # Steps come in no order.
        return sorted(items, key=itemgetter(0, 1)) if value and isinstance(value[0], StepFigures) else items
    return value


def _json(data: bytes) -> Any:
    return msgspec.json.encode(msgspec.json.decode(data))
