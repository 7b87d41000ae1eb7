"""The request for uniqueness, and how it becomes a key in the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

import msgspec

from taskflowmq.client import codec
from taskflowmq.core.directives import Duration, to_ms
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.job import UniqueKey
from taskflowmq.core.unique_keys import computed_key, spelled_key
from taskflowmq.core.validation import MAX_KEY_LENGTH, check_text

_canonical = msgspec.json.Encoder(order="deterministic")


class Unique(msgspec.Struct, frozen=True):
    """Let at most one job per key live at a time.

    Args:
        by: what makes two jobs the same: None (all arguments), the names of some of them, or a function that
            gets the arguments by name, as plain JSON values with defaults, and returns anything that JSON can
            hold.
        until: when the key is free again: "finish" (the job ended) or "start" (a worker took it).
        period: seconds or a timedelta. If given, the key lives exactly that long from the enqueue, whatever
            the job does.
        on_conflict: what a second job gets: "return" a handle of the holder, "raise" :class:`NotUnique`, or
            "replace" a holder that has not started.
    """

    by: str | tuple[str, ...] | Callable[[Mapping[str, Any]], Any] | None = None
    until: Literal["finish", "start"] = "finish"
    period: Duration | None = None
    on_conflict: Literal["return", "raise", "replace"] = "return"

    def __post_init__(self) -> None:
        if self.until not in ("finish", "start"):
            raise InvalidJob.at("/unique/until", f'must be "finish" or "start", got {self.until!r}')
        if self.on_conflict not in ("return", "raise", "replace"):
            raise InvalidJob.at(
                "/unique/on_conflict", f'must be "return", "raise" or "replace", got {self.on_conflict!r}'
            )
        if self.period is not None and to_ms(self.period, "/unique/period") == 0:
            raise InvalidJob.at("/unique/period", "must be longer than 0 seconds")

    @property
    def period_s(self) -> float | None:
        """The period in seconds."""
        return None if self.period is None else to_ms(self.period, "/unique/period") / 1000

    def resolve(self, task: str, args: Mapping[str, Any]) -> UniqueKey:
        """Return the key of one job.

        Args:
            task: the task's name; keys of different tasks never meet.
            args: the job's arguments by name, plain JSON values with defaults.

        Raises:
            InvalidJob: ``by`` names an argument that the task does not have, or returned what JSON cannot
                hold.
        """
        codec.encode(chosen := self._choose(args), "/unique/by")
        digest = hashlib.sha256(_canonical.encode(chosen)).hexdigest()
        return self._key(computed_key(task, digest))

    def check(self, names: Collection[str]) -> None:
        """Refuse, at the declaration, what no job of a task could satisfy.

        Args:
            names: the arguments of the task.

        Raises:
            InvalidJob: ``by`` names another.
        """
        if not (self.by is None or callable(self.by)):
            self._choose(dict.fromkeys(names))

    def _choose(self, args: Mapping[str, Any]) -> Any:
        if self.by is None:
            return args
        if callable(self.by):
            return self.by(args)
        names = (self.by,) if isinstance(self.by, str) else tuple(self.by)
        for name in names:
            if name not in args:
                raise InvalidJob.at("/unique/by", f"{name!r} is not an argument of this task")
        return {name: args[name] for name in names}

    def _key(self, key: str) -> UniqueKey:
        period_ms = None if self.period is None else to_ms(self.period, "/unique/period")
        free_at = self.until if period_ms is None else "time"
        return UniqueKey(key=key, free_at=free_at, period_ms=period_ms, on_conflict=self.on_conflict)


def literal_key(key: str) -> UniqueKey:
    """Return the key that a caller spelled out itself, free again when the job ends."""
    return UniqueKey(key=spelled_key(check_text("/unique_key", key, MAX_KEY_LENGTH)))
