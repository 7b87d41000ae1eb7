"""The settings of ``worker``, ``dev`` and ``scheduler``: a flag, else its variable, else the default.

The command line reads the rest where it is used (addresses and keys in ``server.settings``, the database in
``client.app``), and the built-in tasks have settings of their own (``taskflowmq.tasks.settings``), because they are the
operator's business, not the program's. docs/configuration.md lists every variable; a test keeps it complete.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from taskflowmq.client.environment import InvalidSetting
from taskflowmq.core.job_logs import JobLogs
from taskflowmq.core.retention import MOST_KEPT, read_age, show_age
from taskflowmq.core.worker_settings import BOUNDS, WorkerSettings


def load_settings(environ: Mapping[str, str] | None = None, **flags: Any) -> WorkerSettings:
    """Return the settings.

    Args:
        environ: variables by name; the process environment if None. An empty variable counts as not set.
        flags: the flags of the command line, by field; None means that a flag was not given.

    Raises:
        InvalidSetting: names the variable, or the flag, and what it may be.
    """
    env = os.environ if environ is None else environ
    if env.get("TASKFLOW_BROKER_URL"):
        raise InvalidSetting("TASKFLOW_BROKER_URL is set, but this version has no brokers: unset it")
    values: dict[str, Any] = {}
    for field, (variables, read) in _VARIABLES.items():
        if flags.get(field) is not None:
            values[field] = read(f"--{field.replace('_', '-')}", flags[field])
            continue
        for variable in variables:
            if env.get(variable):
                values[field] = read(variable, env[variable])
                break
    settings = WorkerSettings(**values)
    if settings.heartbeat <= settings.lease / 2:
        return settings
    if "heartbeat" in values:
        raise InvalidSetting(
            f"TASKFLOW_HEARTBEAT_SECONDS is {settings.heartbeat:g}, more than half of TASKFLOW_LEASE_SECONDS "
            f"({settings.lease:g}): one missed heartbeat would end its lease"
        )
    # A short lease alone must not be refused because of a default.
    return msgspec.structs.replace(settings, heartbeat=settings.lease / 3)


def check_task_settings(environ: Mapping[str, str] | None = None) -> None:
    """Refuse malformed settings of the built-in tasks where a worker starts, not job by job.

    Raises:
        InvalidSetting: names the variable.
    """
    # Programs that only enqueue have no use for them.
    from taskflowmq.tasks.errors import SettingsError
    from taskflowmq.tasks.settings import TaskSettings

    try:
        TaskSettings.from_env(environ)
    except SettingsError as error:
        raise InvalidSetting(str(error)) from None


def _list(variable: str, value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else list(value) if isinstance(value, list | tuple) else []
    found = tuple(part.strip() for part in parts if part.strip())
    if not found:
        raise InvalidSetting(f"{variable} is set but empty: write a comma list, or unset it")
    return found


def _whole(low: float, high: float) -> Callable[[str, object], int]:
    def read(variable: str, value: object) -> int:
        try:
            number = int(str(value))
        except ValueError:
            number = int(low) - 1
        if not low <= number <= high:
            raise InvalidSetting(f"{variable} must be a whole number {low:.0f}…{high:.0f}, got {value!r:.80}")
        return number

    return read


def _seconds(low: float, high: float) -> Callable[[str, object], float]:
    def read(variable: str, value: object) -> float:
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if not low <= number <= high:  # also refuses NaN
            raise InvalidSetting(f"{variable} must be {low:.15g}…{high:.15g} seconds, got {value!r:.80}")
        return number

    return read


def _age(variable: str, value: object) -> float | None:
    try:
        return read_age(str(value))
    except ValueError as error:
        raise InvalidSetting(f"{variable} {error}") from None


def _bounded_age(low: float, high: float) -> Callable[[str, object], float]:
    def read(variable: str, value: object) -> float:
        seconds = _age(variable, value)
        if seconds is None or not low <= seconds <= high:
            bounds = f"{show_age(round(1000 * low))}…{show_age(round(1000 * high))}"
            raise InvalidSetting(f"{variable} must be an age {bounds}, got {value!r:.80}")
        return seconds

    return read


def _job_logs(variable: str, value: object) -> JobLogs:
    try:
        return JobLogs(str(value))
    except ValueError:
        raise InvalidSetting(f"{variable} must be {', '.join(JobLogs)}, got {value!r:.80}") from None


def _switch(variable: str, value: object) -> bool:
    if value not in ("on", "off"):
        raise InvalidSetting(f"{variable} must be on or off, got {value!r:.80}")
    return value == "on"


_Reader = Callable[[str, object], Any]
_VARIABLES: dict[str, tuple[tuple[str, ...], _Reader]] = {
    "queues": (("TASKFLOW_QUEUES",), _list),
    "tenants": (("TASKFLOW_TENANTS",), _list),
    "concurrency": (("TASKFLOW_CONCURRENCY",), _whole(*BOUNDS["concurrency"])),
    "processes": (("TASKFLOW_PROCESSES",), _whole(*BOUNDS["processes"])),
    "drain_timeout": (("TASKFLOW_DRAIN_SECONDS",), _seconds(*BOUNDS["drain_timeout"])),
    "lease": (("TASKFLOW_LEASE_SECONDS",), _seconds(*BOUNDS["lease"])),
    "heartbeat": (("TASKFLOW_HEARTBEAT_SECONDS",), _seconds(*BOUNDS["heartbeat"])),
    "sweep": (("TASKFLOW_SWEEP_SECONDS",), _seconds(*BOUNDS["sweep"])),
    "poll": (("TASKFLOW_POLL_SECONDS",), _seconds(*BOUNDS["poll"])),
    "retention_completed": (("TASKFLOW_RETENTION_COMPLETED",), _age),
    "retention_cancelled": (("TASKFLOW_RETENTION_CANCELLED",), _age),
    "retention_dead": (("TASKFLOW_RETENTION_DEAD",), _age),
    "retention_audit": (("TASKFLOW_RETENTION_AUDIT",), _age),
    "history": (("TASKFLOW_HISTORY",), _bounded_age(*BOUNDS["history"])),
    "history_detail": (("TASKFLOW_HISTORY_DETAIL",), _bounded_age(*BOUNDS["history_detail"])),
    "job_logs": (("TASKFLOW_JOB_LOGS",), _job_logs),
    "job_log_records": (("TASKFLOW_JOB_LOG_RECORDS",), _switch),
    "keep_finished": (("TASKFLOW_KEEP_FINISHED",), _whole(1, MOST_KEPT)),
}

#: Field → its variable.
VARIABLES = {field: names[0] for field, (names, _) in _VARIABLES.items()}
