"""TaskFlow in a Django project: one app from the settings, its tasks found, its connections kept fresh.

Add ``"taskflowmq.contrib.django"`` to INSTALLED_APPS. Tasks are defined in the ``tasks`` module of any installed app::

    # shop/tasks.py
    from taskflowmq import task

    @task(queue="mail")
    def send_receipt(order_id: int) -> None: …

    # shop/views.py
    with transaction.atomic():
        order = Order.objects.create(…)
        send_receipt.using(conn=connection).enqueue(order.pk)     # django.db.connection

``python manage.py taskflow worker`` runs the jobs. docs/django.md shows all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskflowmq.client.extras import require

require("django", "taskflowmq.contrib.django")

if TYPE_CHECKING:
    from taskflowmq import TaskFlow
    from taskflowmq.contrib.django.connections import renew_connections
    from taskflowmq.contrib.django.databases import store_url
    from taskflowmq.contrib.django.site import get_app

    app: TaskFlow

__all__ = ["app", "get_app", "renew_connections", "store_url"]

_HOMES = {"get_app": "site", "renew_connections": "connections", "store_url": "databases"}

if not TYPE_CHECKING:  # a type checker would take every name for a public one

    def __getattr__(name: str) -> object:
        """Import a name at its first use: Django imports this package before its settings may be read."""
        from importlib import import_module

        if name == "app":
            return import_module(f"{__name__}.site").get_app()
        if name in _HOMES:
            return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
