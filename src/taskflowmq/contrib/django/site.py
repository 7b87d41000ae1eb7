"""The one app of a Django project."""

from __future__ import annotations

import os
import threading
from importlib import import_module

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from taskflowmq import TaskFlow
from taskflowmq.bootstrap.loading import load_app
from taskflowmq.client.app import resolve_url
from taskflowmq.contrib.django.conf import TaskFlowSettings, load_conf
from taskflowmq.contrib.django.connections import renew_connections
from taskflowmq.contrib.django.databases import store_url

#: What a worker of this project imports. It sets Django up first.
SPEC = "taskflowmq.contrib.django.program:app"
#: The environment says where the store is: it wins over DATABASES, not over TASKFLOW['URL'].
_VARIABLES = ("TASKFLOW_DATABASE_URL", "TASKFLOW_DATABASE_URL_FILE")

_lock = threading.RLock()
_app: TaskFlow | None = None


class DjangoTaskFlow(TaskFlow):
    """An app whose database is one of Django's.

    Args:
        conf: the project's settings.
    """

    spec = SPEC

    def __init__(self, conf: TaskFlowSettings) -> None:
        super().__init__(
            conf.url,
            tenant=conf.tenant,
            release=conf.release,
            store_options=conf.store_options,
            store_timeout=conf.store_timeout,
        )
        self._alias = conf.database

    @property
    def url(self) -> str:
        """The database's URL. It is read at each use, because Django's test runner changes it."""
        if self._url is not None:
            return self._url
        return resolve_url(None) if any(map(os.environ.get, _VARIABLES)) else store_url(self._alias)


def get_app() -> TaskFlow:
    """Return the project's app: that of TASKFLOW['APP'], or one that is made from the settings at the first call.

    Raises:
        ImproperlyConfigured: TASKFLOW is wrong; says what.
        AppNotFound: TASKFLOW['APP'] names no app.
    """
    global _app
    with _lock:
        if _app is None:
            conf = load_conf()
            _app = DjangoTaskFlow(conf) if conf.app is None else _own_app(conf.app, conf.url)
            if conf.renew_connections:
                renew_connections(_app)
        return _app


def find_tasks() -> None:
    """Import the ``tasks`` module of every installed app, and include what it declares with ``@task``."""
    name = load_conf().tasks_module
    for config in apps.get_app_configs():
        if not module_has_submodule(config.module, name):
            continue
        try:
            module = import_module(f"{config.name}.{name}")
        except ImportError as error:
            # It may be written for another queue whose package is not installed: the error names the importer.
            error.add_note(
                f"TaskFlow imports {config.name}.{name} to find tasks. TASKFLOW['TASKS_MODULE'] gives that module "
                "another name in every application"
            )
            raise
        get_app().include(module)


def _own_app(spec: str, url: str | None) -> TaskFlow:
    app = load_app(spec, url)
    if not isinstance(app, TaskFlow):
        raise TypeError(f"TASKFLOW['APP'] is a {type(app).__name__}, not a TaskFlow")
    app.spec = SPEC
    return app
