"""Every ``TASKFLOW_*`` variable of the running programs, in one typed place.

A value comes from the flag, else from the environment, else from the default. The built-in tasks have settings of
their own (``taskflowmq.tasks.settings``), because they are the user's business, not the program's.

| variable | unit | meaning |
|---|---|---|
| `TASKFLOW_DATABASE_URL`, else `DATABASE_URL` | URL | where jobs are stored; `sqlite:///taskflow.db` |
| `TASKFLOW_BROKER_URL` | URL | what carries wake-ups; none: the database itself |
| `TASKFLOW_APP` | `module:attribute` | the app to run; none: the built-in tasks |
| `TASKFLOW_API_KEYS` | comma list | keys that the REST API accepts (secret) |
| `TASKFLOW_HTTP_ALLOW` | comma list | private hosts that the task `http` may call |
| `TASKFLOW_QUEUES` | comma list | queues of a worker, in order of preference; none: every queue |
| `TASKFLOW_CONCURRENCY` | jobs | how many run at once in one child; 50 |
| `TASKFLOW_PROCESSES` | processes | children of one worker; 1 |
| `TASKFLOW_DRAIN_SECONDS` | seconds | how long jobs may finish after the first SIGTERM; 30 |
| `TASKFLOW_LEASE_SECONDS` | seconds | how long a silent worker is believed alive; 30 |
| `TASKFLOW_HEARTBEAT_SECONDS` | seconds | between signs of life; 10, at most half the lease |
| `TASKFLOW_SWEEP_SECONDS` | seconds | between searches for lost workers; 5 |
| `TASKFLOW_POLL_SECONDS` | seconds | between looks of an idle worker; 1 |
| `TASKFLOW_HOST`, `TASKFLOW_PORT` | address, port | where the server listens; 127.0.0.1, 8000 |
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from taskflowmq.client.app import DEFAULT_URL
from taskflowmq.core.errors import TaskFlowError


class InvalidSetting(TaskFlowError, ValueError):
    """A setting has a value that it cannot have; the message names the variable."""

    code = "invalid_setting"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the programs were told. Durations are seconds."""

    database_url: str = DEFAULT_URL
    broker_url: str | None = None
    app: str | None = None
    api_keys: tuple[str, ...] = ()
    http_allow: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    concurrency: int = 50
    processes: int = 1
    drain_timeout: float = 30.0
    lease: float = 30.0
    heartbeat: float = 10.0
    sweep: float = 5.0
    poll: float = 1.0
    host: str = "127.0.0.1"
    port: int = 8000

    def __repr__(self) -> str:
        """Show everything but secrets: keys, and URLs, which may hold passwords."""
        hidden = {"api_keys", "database_url", "broker_url"}
        shown = (
            f"{name}={'…' if name in hidden and value else repr(value)}"
            for name, value in msgspec.structs.asdict(self).items()
        )
        return f"Settings({', '.join(shown)})"


def load_settings(environ: Mapping[str, str] | None = None, **flags: Any) -> Settings:
    """Put the settings together.

    Args:
        environ: variables by name; the process environment if None. An empty variable counts as not set.
        flags: what the command line said, by field; None means that it said nothing.

    Raises:
        InvalidSetting: names the variable, or the flag, and what it may be.
    """
    env = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for field, (variables, read) in _VARIABLES.items():
        if flags.get(field) is not None:
            values[field] = read(f"--{field.replace('_', '-')}", flags[field])
            continue
        for variable in variables:
            if env.get(variable):
                values[field] = read(variable, env[variable])
                break
    settings = Settings(**values)
    if settings.heartbeat <= settings.lease / 2:
        return settings
    if "heartbeat" in values:
        raise InvalidSetting(
            f"TASKFLOW_HEARTBEAT_SECONDS is {settings.heartbeat:g}, more than half of TASKFLOW_LEASE_SECONDS "
            f"({settings.lease:g}): one missed heartbeat would lose the worker"
        )
    # A short lease alone must not be refused because of a default that nobody chose.
    return msgspec.structs.replace(settings, heartbeat=settings.lease / 3)


def _text(variable: str, value: object) -> str:
    text = str(value).strip()
    if not text:
        raise InvalidSetting(f"{variable} is empty")
    return text


def _list(variable: str, value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else list(value) if isinstance(value, list | tuple) else []
    found = tuple(part.strip() for part in parts if part.strip())
    if not found:
        raise InvalidSetting(f"{variable} is set but holds nothing: give a comma list, or unset it")
    return found


def _whole(low: int, high: int) -> Callable[[str, object], int]:
    def read(variable: str, value: object) -> int:
        try:
            number = int(str(value))
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise InvalidSetting(f"{variable} must be a whole number {low}…{high}, got {value!r:.80}")
        return number

    return read


def _seconds(low: float, high: float) -> Callable[[str, object], float]:
    def read(variable: str, value: object) -> float:
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if not low <= number <= high:  # also refuses NaN
            raise InvalidSetting(f"{variable} must be {low:g}…{high:g} seconds, got {value!r:.80}")
        return number

    return read


_Reader = Callable[[str, object], Any]
_VARIABLES: dict[str, tuple[tuple[str, ...], _Reader]] = {
    "database_url": (("TASKFLOW_DATABASE_URL", "DATABASE_URL"), _text),
    "broker_url": (("TASKFLOW_BROKER_URL",), _text),
    "app": (("TASKFLOW_APP",), _text),
    "api_keys": (("TASKFLOW_API_KEYS",), _list),
    "http_allow": (("TASKFLOW_HTTP_ALLOW",), _list),
    "queues": (("TASKFLOW_QUEUES",), _list),
    "concurrency": (("TASKFLOW_CONCURRENCY",), _whole(1, 10_000)),
    "processes": (("TASKFLOW_PROCESSES",), _whole(1, 1_000)),
    "drain_timeout": (("TASKFLOW_DRAIN_SECONDS",), _seconds(0, 86_400)),
    "lease": (("TASKFLOW_LEASE_SECONDS",), _seconds(0.1, 86_400)),
    "heartbeat": (("TASKFLOW_HEARTBEAT_SECONDS",), _seconds(0.01, 43_200)),
    "sweep": (("TASKFLOW_SWEEP_SECONDS",), _seconds(0.01, 3_600)),
    "poll": (("TASKFLOW_POLL_SECONDS",), _seconds(0.001, 3_600)),
    "host": (("TASKFLOW_HOST",), _text),
    "port": (("TASKFLOW_PORT",), _whole(0, 65_535)),
}
