"""``TASKFLOW = {…}`` in Django's settings. Every name is known or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from taskflowmq.core.job import DEFAULT_TENANT

#: What a project's own app has said already.
_OF_THE_APP = ("TENANT", "RELEASE", "STORE_OPTIONS", "STORE_TIMEOUT")


class TaskFlowSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="upper"):
    """What ``TASKFLOW`` may say.

    Attributes:
        app: ``module:attribute`` of an app of your own; by default one is made.
        url: the store. By default TASKFLOW_DATABASE_URL, else the database that ``database`` names.
        database: a key of DATABASES, SQLite or PostgreSQL.
        tenant, release, store_options, store_timeout: as for ``TaskFlow(…)``.
        tasks_module: the module of each installed app that is looked into for tasks.
        renew_connections: whether Django's connections are checked before and after each body.
        migrate: whether ``manage.py migrate`` makes and updates TaskFlow's tables, too.
    """

    app: str | None = None
    url: str | None = None
    database: str = "default"
    tenant: str = DEFAULT_TENANT
    release: str | None = None
    store_options: dict[str, Any] = msgspec.field(default_factory=dict)
    store_timeout: float | None = None
    tasks_module: str = "tasks"
    renew_connections: bool = True
    migrate: bool = True


def load_conf() -> TaskFlowSettings:
    """Read Django's settings.

    Raises:
        ImproperlyConfigured: names what is wrong.
    """
    given = getattr(settings, "TASKFLOW", {})
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(f"TASKFLOW must be a dict, got {type(given).__name__}")
    allowed = [field.upper() for field in TaskFlowSettings.__struct_fields__]
    unknown = sorted(str(name) for name in given if name not in allowed)
    if unknown:
        raise ImproperlyConfigured(f"TASKFLOW has no option {unknown[0]!r}; there are: {', '.join(allowed)}")
    try:
        conf = msgspec.convert(dict(given), TaskFlowSettings)
    except msgspec.ValidationError as error:
        raise ImproperlyConfigured(f"TASKFLOW: {error}") from None
    said = [name for name in _OF_THE_APP if name in given]
    if conf.app is not None and said:
        raise ImproperlyConfigured(f"TASKFLOW has APP and {said[0]}: set {said[0]} where {conf.app} is created")
    if conf.database not in settings.DATABASES:
        raise ImproperlyConfigured(
            f"TASKFLOW['DATABASE'] is {conf.database!r}, and DATABASES has: {', '.join(settings.DATABASES)}"
        )
    return conf
