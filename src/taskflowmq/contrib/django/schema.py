"""TaskFlow's tables come with ``manage.py migrate``.

The first enqueue would make them, too, but on a connection of its own: on SQLite that waits for the very transaction
of the enqueue.
"""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from taskflowmq.bootstrap.unmigrated import open_unmigrated
from taskflowmq.contrib.django.conf import load_conf
from taskflowmq.contrib.django.databases import store_url
from taskflowmq.contrib.django.site import get_app


def migrate_beside(alias: str, verbosity: int) -> None:
    """Apply what is pending, if the database that Django has migrated is the store.

    Args:
        alias: the database, a key of DATABASES.
        verbosity: as given to ``manage.py migrate``.
    """
    if not load_conf().migrate:
        return
    try:
        url = store_url(alias)
    except ImproperlyConfigured:  # not a database that holds a store, such as the memory of a test run
        return
    app = get_app()
    if app.url != url:
        return

    async def migrate() -> list[str]:
        async with open_unmigrated(url) as store:
            return list(await store.schema.migrate())

    applied = app.hub.run(migrate)
    if applied and verbosity >= 1:
        print(f"  Applied {len(applied)} migrations and functions of TaskFlow")  # noqa: T201 - as Django does in this place
