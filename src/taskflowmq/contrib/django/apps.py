"""The entry in INSTALLED_APPS."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TaskFlowConfig(AppConfig):  # type: ignore[misc]  # Django has no types
    """Makes the project's app once all models are loaded, and finds its tasks."""

    name = "taskflowmq.contrib.django"
    label = "taskflow"
    verbose_name = "TaskFlow"

    def ready(self) -> None:
        """Find the tasks."""
        from taskflowmq.contrib.django.site import find_tasks, get_app

        get_app()
        find_tasks()
        post_migrate.connect(_migrate, sender=self)


def _migrate(*, using: str, verbosity: int = 1, **_: Any) -> None:
    """Make TaskFlow's tables where ``manage.py migrate`` makes the project's."""
    from taskflowmq.contrib.django.schema import migrate_beside

    migrate_beside(using, verbosity)
