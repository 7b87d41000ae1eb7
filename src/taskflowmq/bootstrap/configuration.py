"""The settings that hold in a process, and where each comes from, for operators. Secrets are not told."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

from taskflowmq.bootstrap.settings import VARIABLES
from taskflowmq.client.app import URL_VARIABLES, BaseApp
from taskflowmq.client.deadline import VARIABLE as STORE_TIMEOUT
from taskflowmq.client.deadline import store_timeout
from taskflowmq.client.environment import SECRETS
from taskflowmq.client.redacting import VARIABLE as REDACT
from taskflowmq.core.permissions import Role
from taskflowmq.core.reasons import VARIABLE
from taskflowmq.core.redact import safe_url
from taskflowmq.core.retention import show_age
from taskflowmq.core.system import Setting
from taskflowmq.core.worker_settings import WorkerSettings
from taskflowmq.server.settings import ServerSettings

#: The variable of each setting of a server that operators have.
_SERVER = {
    "host": "TASKFLOW_HOST",
    "port": "TASKFLOW_PORT",
    "prefix": "TASKFLOW_PREFIX",
    "tls_proxy": "TASKFLOW_TLS_PROXY",
    "trusted_proxies": "TASKFLOW_TRUSTED_PROXIES",
    "frame_ancestors": "TASKFLOW_FRAME_ANCESTORS",
    "environment": "TASKFLOW_ENVIRONMENT",
    "require_reason": VARIABLE,
}
_KEYS = "TASKFLOW_API_KEYS"


def configuration(
    app: BaseApp,
    server: ServerSettings,
    *,
    others: Mapping[str, Any] | None = None,
    arguments: frozenset[str] = frozenset(),
    mounted: bool = False,
) -> tuple[Setting, ...]:
    """Return the settings of a server, by name.

    Args:
        app: what it serves.
        server: its settings.
        others: further ones that hold: variable to value.
        arguments: variables whose value the command line gave.
        mounted: whether another server listens: it has no address of its own.
    """
    defaults = ServerSettings()
    shown: dict[str, Any] = {name: getattr(server, field) for field, name in _SERVER.items()}
    for name in ("TASKFLOW_HOST", "TASKFLOW_PORT") if mounted else ():
        del shown[name]
    found = [
        *(
            _of_program(name, value, _default(defaults, name))
            if mounted
            else _setting(name, value, arguments, value != _default(defaults, name))
            for name, value in shown.items()
        ),
        *(_setting(name, value, arguments, False) for name, value in (others or {}).items() if name not in shown),
        _keys(server, arguments),
        _database(app, arguments),
        _setting(STORE_TIMEOUT, store_timeout(), arguments, False)
        if app.given_timeout is None
        else _of_program(STORE_TIMEOUT, app.given_timeout, None),
        _setting(REDACT, os.environ.get(REDACT) or "built-in names", arguments, False),
    ]
    return tuple(sorted({one.name: one for one in found}.values()))


def duty_settings(worker: WorkerSettings) -> dict[str, Any]:
    """Return what the periodic duties of a process go by: variable to value."""
    ages = {name: getattr(worker, name) for name in WorkerSettings.__struct_fields__ if name.startswith(("ret", "his"))}
    shown = {name: "never" if age is None else show_age(round(1000 * age)) for name, age in ages.items()}
    return {
        VARIABLES[name]: value
        for name, value in {
            **shown,
            "lease": worker.lease,
            "sweep": worker.sweep,
            "poll": worker.poll,
            "keep_finished": worker.keep_finished,
        }.items()
    }


def _default(defaults: ServerSettings, name: str) -> Any:
    return next(getattr(defaults, field) for field, variable in _SERVER.items() if variable == name)


def _setting(name: str, value: Any, arguments: frozenset[str], by_program: bool) -> Setting:
    source: Any = "argument" if name in arguments else _source_of(name) or ("argument" if by_program else "default")
    return Setting(name, _text(value), source)


def _of_program(name: str, value: Any, default: Any) -> Setting:
    """Return a setting that a program says, whatever the environment has."""
    return Setting(name, _text(value), "default" if value == default else "argument")


def _source_of(name: str) -> Any:
    if os.environ.get(name):
        return "environment"
    return "file" if name in SECRETS and os.environ.get(f"{name}_FILE") else None


def _keys(server: ServerSettings, arguments: frozenset[str]) -> Setting:
    roles = Counter(key.role for key in server.parsed_keys())
    said = ", ".join(f"{roles[role]} of role {role}" for role in Role if roles[role]) or "none"
    setting = _setting(_KEYS, said, arguments, bool(server.api_keys))
    return setting._replace(secret=bool(server.api_keys))


def _database(app: BaseApp, arguments: frozenset[str]) -> Setting:
    name = next((one for one in URL_VARIABLES if _source_of(one)), URL_VARIABLES[0])
    if app.says_url and name not in arguments and not _source_of(name):
        return _of_program(name, safe_url(app.url), None)
    return _setting(name, safe_url(app.url), arguments, False)


def _text(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
