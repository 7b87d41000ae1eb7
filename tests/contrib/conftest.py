"""A Django that is set up once, for the tests of this folder."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def django_ready(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Configure Django with a file and an application that has tasks."""
    import django
    from django.conf import settings

    file = tmp_path_factory.mktemp("django") / "project.sqlite3"
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": file}},
        INSTALLED_APPS=["taskflowmq.contrib.django", "tests.contrib.notes"],
        USE_TZ=True,
    )
    django.setup()
