"""Reading the environment: secrets that may be in a file, and names that look like settings of TaskFlow but are not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from taskflowmq.core.errors import TaskFlowError

PREFIX = "TASKFLOW_"
_PORT = "TASKFLOW_PORT"
#: Variables between a supervisor and its processes, and between `make test-matrix` and the test servers.
INTERNAL = frozenset({"TASKFLOW_CHILD_URL", "TASKFLOW_TEST_POSTGRES"})
#: Variables that hold a secret; each may be given as NAME_FILE instead, the path of a file.
SECRETS = frozenset(
    {"TASKFLOW_DATABASE_URL", "DATABASE_URL", "TASKFLOW_API_KEYS", "TASKFLOW_SMTP_URL", "TASKFLOW_CSV_SOURCES"}
)
#: Longer than any secret; a longer file, such as a device without end, is a mistake.
_MAX_SECRET = 1 << 20
#: What a command or task reads, without the prefix; not the options of a job. Tests keep it complete.
_KNOWN = frozenset(
    f"{PREFIX}{name}"
    for name in """
    API_KEYS APP BENCH_URL BROKER_URL BURST CONCURRENCY CREATED_AFTER CREATED_BEFORE CSV_MAX_ROWS CSV_SOURCES
    DATABASE_URL DEMO DEMO_PUBLIC DEMO_RATE DEMO_SEED DEMO_URL DRAIN_SECONDS DRY_RUN ENVIRONMENT EXPORT_FORMAT FILES_DIR
    FILTER FINISHED_AFTER FINISHED_BEFORE FRAME_ANCESTORS HEALTH_HOST HEALTH_PORT HEARTBEAT_SECONDS HISTORY
    HISTORY_DETAIL HOST HTTP_ALLOW HTTP_TIMEOUT IDEMPOTENCY_KEY IMAGE_MAX_MEMORY_MB IMAGE_MAX_PIXELS
    JOB_LOGS JOB_LOG_RECORDS JSON KEEP_ALIVE_SECONDS KEEP_FINISHED LEASE_SECONDS LIMIT LOG_FORMAT
    LOG_LEVEL MAX_CONNECTIONS MAX_JOBS MAX_MEMORY_MB MAX_NEW_PER_ADDRESS MAX_QUEUES NO_DUTIES POLL_SECONDS
    PORT PREFIX PROCESSES QUEUES RELEASE RELOAD REDACT REQUIRE_REASON
    RETENTION_AUDIT RETENTION_CANCELLED RETENTION_COMPLETED RETENTION_DEAD
    SMTP_FROM SMTP_URL SORT STATE STORE_TIMEOUT SWEEP_SECONDS TASK TENANT TENANTS TLS_PROXY TRUSTED_PROXIES
    VIEW WAIT WAIT_TIMEOUT WORKER_ID
    """.split()  # noqa: SIM905 - sixty quoted names would hide the list
)
#: Variables that Kubernetes sets in every pod beside a Service named taskflow.
_KUBERNETES = re.compile(r"TASKFLOW_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_[0-9]+_[A-Z_]+)")


class InvalidSetting(TaskFlowError, ValueError):
    """A setting has an invalid value; the message names the variable."""

    code = "invalid_setting"


def secret(env: Mapping[str, str], name: str) -> str | None:
    """Read NAME, or the file that NAME_FILE names.

    Args:
        env: variables by name. An empty variable counts as not set.
        name: one of :data:`SECRETS`.

    Returns:
        The value without surrounding white space; None if neither is set.

    Raises:
        InvalidSetting: both are set, and one would be ignored; or the file cannot be read, or is empty.
    """
    value, variable = env.get(name), f"{name}_FILE"
    path = env.get(variable)
    if not path:
        return value or None
    if value:
        raise InvalidSetting(f"{name} and {variable} are both set. Keep one of them.")
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_MAX_SECRET + 1)
        text = raw.decode("utf-8").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InvalidSetting(
            f"{variable} names an unreadable file ({why}). Check the path and its permissions."
        ) from None
    if len(raw) > _MAX_SECRET:
        raise InvalidSetting(f"{variable} names a file of more than {_MAX_SECRET} bytes. Check the path.")
    if not text:
        raise InvalidSetting(f"{variable} names an empty file. Write the value into it, or unset the variable.")
    return text


@cache
def known_names() -> frozenset[str]:
    """Return every variable that a command or task reads."""
    from taskflowmq.client.options import StoredOptions  # heavier than most of what reads a secret here

    words = {"unique": "UNIQUE_KEY", "tags": "TAG"}
    return _KNOWN | {f"{PREFIX}{words.get(name, name.upper())}" for name in StoredOptions.__annotations__}


def unknown_names(env: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that looks like a setting of TaskFlow and is not.

    Args:
        env: variables by name.
    """
    names = known_names() | INTERNAL | {f"{name}_FILE" for name in SECRETS}
    ours = [name for name in sorted(env) if name.startswith(PREFIX) and not _KUBERNETES.fullmatch(name)]
    return [_unknown(name, names) for name in ours if name not in names]


def is_service_link(name: str, value: str) -> bool:
    """Tell whether Kubernetes sets this variable in every pod beside a Service called taskflow: TaskFlow ignores it."""
    return name == _PORT and value.startswith("tcp://")


def _unknown(name: str, names: frozenset[str]) -> str:
    close = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.8)
    meant = f": did you mean {close[0]}?" if close else ": docs/configuration.md lists the variables"
    return f"{name} is set, but TaskFlow has no such variable{meant}"
