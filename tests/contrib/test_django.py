"""taskflowmq.contrib.django: settings, the database's address, tasks, commands, and connections around bodies."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from taskflowmq import Retry, TaskFlow, WrongContext
from taskflowmq.bootstrap.stores import make_store
from taskflowmq.testing import assert_enqueued, drain, in_memory_app, refute_enqueued

PAGE = (Path(__file__).parents[2] / "docs" / "django.md").read_text()
pytestmark = pytest.mark.usefixtures("django_ready")


def in_settings(**options: Any) -> Any:
    from django.test.utils import override_settings

    return override_settings(TASKFLOW=options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"QUEUE": "mail"}, "has no option 'QUEUE'; there are: APP, URL, DATABASE"),
        ({"url": "sqlite:///x.db"}, "has no option 'url'"),
        ({"URL": 5}, r"Expected `str \| null`, got `int`.*URL"),
        ({"DATABASE": "jobs"}, "'jobs', and DATABASES has: default"),
        ({"APP": "shop:app", "TENANT": "a"}, "has APP and TENANT"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(options: dict[str, Any], says: str) -> None:
    from django.core.exceptions import ImproperlyConfigured

    from taskflowmq.contrib.django.conf import load_conf

    with in_settings(**options), pytest.raises(ImproperlyConfigured, match=says):
        load_conf()


def entry(**values: Any) -> dict[str, Any]:
    return {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "OPTIONS": {}, **values}


@pytest.mark.parametrize(
    ("vendor", "given", "url"),
    [
        ("postgresql", entry(), "postgresql:///shop"),
        ("postgresql", entry(USER="ada", HOST="db", PORT=5433), "postgresql://ada@db:5433/shop"),
        ("postgresql", entry(USER="a@b", PASSWORD="p/w:é", HOST="db"), "postgresql://a%40b:p%2Fw%3A%C3%A9@db/shop"),
        ("postgresql", entry(HOST="::1", PORT="5432"), "postgresql://[::1]:5432/shop"),
        ("postgresql", entry(HOST="/run/pg", PORT=5433), "postgresql:///shop?host=%2Frun%2Fpg&port=5433"),
        ("postgresql", entry(OPTIONS={"sslmode": "require", "pool": True}), "postgresql:///shop?sslmode=require"),
        ("postgresql", entry(DISABLE_SERVER_SIDE_CURSORS=True), "postgresql:///shop?pooler=true"),
        ("postgresql", entry(NAME="", OPTIONS={"service": "shop"}), "postgresql:///?service=shop"),
        (
            "postgresql",
            entry(OPTIONS={"options": "-c statement_timeout=5000"}),
            "postgresql:///shop?options=-c%20statement_timeout%3D5000",
        ),
        ("sqlite", entry(NAME=Path("/data/shop.sqlite3")), "sqlite:////data/shop.sqlite3?beside=true"),
    ],
)
def test_the_address_of_a_database_of_djangos(
    vendor: str, given: dict[str, Any], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskflowmq.contrib.django import databases

    monkeypatch.setattr(databases, "connections", {"x": SimpleNamespace(vendor=vendor, settings_dict=given)})
    assert databases.store_url("x") == url
    make_store(url)  # takes every parameter that is in it


@pytest.mark.parametrize(
    ("vendor", "given", "says"),
    [
        ("mysql", entry(ENGINE="django.db.backends.mysql"), "SQLite or PostgreSQL.*backends.mysql"),
        ("sqlite", entry(NAME=":memory:"), "cannot open beside Django"),
        ("sqlite", entry(NAME="file:memorydb_default?mode=memory&cache=shared"), "contrib.django.testing"),
        ("postgresql", entry(NAME=""), "has no NAME"),
    ],
)
def test_a_database_that_holds_no_store_is_refused(
    vendor: str, given: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.exceptions import ImproperlyConfigured

    from taskflowmq.contrib.django import databases

    monkeypatch.setattr(databases, "connections", {"x": SimpleNamespace(vendor=vendor, settings_dict=given)})
    with pytest.raises(ImproperlyConfigured, match=says):
        databases.store_url("x")


def test_the_setting_wins_over_the_environment_and_that_over_djangos_database(monkeypatch: pytest.MonkeyPatch) -> None:
    from taskflowmq.contrib.django.conf import load_conf
    from taskflowmq.contrib.django.site import DjangoTaskFlow

    monkeypatch.setenv("DATABASE_URL", "sqlite:///not-asked.db")
    assert DjangoTaskFlow(load_conf()).url.endswith("project.sqlite3?beside=true")
    monkeypatch.setenv("TASKFLOW_DATABASE_URL", "sqlite:///environment.db")
    assert DjangoTaskFlow(load_conf()).url == "sqlite:///environment.db"
    with in_settings(URL="sqlite:///setting.db"):
        assert DjangoTaskFlow(load_conf()).url == "sqlite:///setting.db"


def test_the_tasks_of_installed_apps_belong_to_the_one_app() -> None:
    from tests.contrib.notes.tasks import note

    from taskflowmq.contrib.django import app, get_app

    assert get_app() is app
    assert app.tasks["note"] is note
    assert note.app is app


def test_a_module_of_tasks_that_cannot_be_imported_says_who_wanted_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from taskflowmq.contrib.django import site

    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'celery'")

    monkeypatch.setattr(site, "import_module", missing)
    with pytest.raises(ModuleNotFoundError) as refused:
        site.find_tasks()
    assert "tests.contrib.notes.tasks to find tasks" in refused.value.__notes__[0]


def test_in_a_test_jobs_follow_djangos_transaction() -> None:
    from django.db import connection, transaction
    from tests.contrib.notes.tasks import note

    from taskflowmq.contrib.django import app

    with in_memory_app(app):
        with transaction.atomic():
            note.using(conn=connection).enqueue(1)
            with transaction.atomic():
                note.using(conn=connection).enqueue(2)
                transaction.set_rollback(True)
            assert_enqueued(app, note, conn=connection, count=1)
            refute_enqueued(app, note)
        assert_enqueued(app, note, count=1)
        assert_enqueued(app, note, conn=connection, count=1)
        assert drain(app) == 1
        with pytest.raises(WrongContext, match=r"transaction\.atomic"):
            note.using(conn=connection).enqueue(3)
    connection.close()


@pytest.fixture
def kept_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TASKFLOW_APP", "TASKFLOW_DATABASE_URL", "PYTHONPATH"):
        monkeypatch.setenv(name, "")


@pytest.mark.usefixtures("kept_environment")
def test_commands_have_the_projects_app_and_database(capfd: pytest.CaptureFixture[str]) -> None:
    from django.core.management import CommandError, call_command

    from taskflowmq.contrib.django import app

    call_command("taskflow", "db", "migrate")
    call_command("taskflow", "enqueue", "note", '{"n": 3}')
    assert [job.task for job in app.jobs.list().items] == ["note"]
    app.close()
    with pytest.raises(CommandError, match="taskflow jobs show nonsense ended with") as refused:
        call_command("taskflow", "jobs", "show", "nonsense")
    assert refused.value.returncode != 0


#: Only of this test's database: the server is shared with tests that run beside it.
CUT = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE application_name = 'django-test' AND datname = current_database()"""


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["thread", "coroutine"])
async def test_a_cut_of_the_database_costs_one_attempt_not_every_later_job(kind: str, postgres_url: str) -> None:
    from asgiref.sync import sync_to_async
    from django.db import connections

    from taskflowmq.contrib.django import renew_connections

    parts = urlsplit(postgres_url)
    connections.databases["cut"] = {
        **connections.databases["default"],
        "ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], "USER": parts.username,
        "HOST": parts.hostname, "PORT": parts.port, "CONN_MAX_AGE": 600,
        "OPTIONS": {"application_name": "django-test"},
    }  # fmt: skip
    app = TaskFlow(postgres_url)
    renew_connections(app)

    def ask() -> int:
        with connections["cut"].cursor() as cursor:
            cursor.execute("SELECT 1")
            return int(cursor.fetchone()[0])

    @app.task
    def close() -> None:
        connections.close_all()

    retry = Retry(max_attempts=2, initial=0, jitter=0)
    if kind == "thread":
        task: Any = app.task(name="ask", retry=retry)(ask)
    else:

        @app.task(name="ask", retry=retry)
        async def task() -> int:
            return await sync_to_async(ask)()

    async with app, app.worker(concurrency=1):
        assert await (await task.aenqueue()).aresult(timeout=20) == 1
        conn = await asyncpg.connect(postgres_url)
        assert await conn.fetchval(CUT) == 1
        await conn.close()
        handles = [await task.aenqueue() for _ in range(3)]
        assert [await handle.aresult(timeout=20) for handle in handles] == [1, 1, 1]
        attempts = [(await handle.ajob()).counters.attempt for handle in handles]
        assert attempts == [2, 1, 1]
        await (await close.aenqueue()).aresult(timeout=20)
        await sync_to_async(connections.close_all)()
    del connections.databases["cut"]


def test_without_django_the_import_says_what_to_install() -> None:
    program = "import sys; sys.modules['django'] = None; import taskflowmq.contrib.django"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert "pip install 'taskflowmq[django]'" in said.stderr


def test_the_page_names_every_option_and_its_code_compiles() -> None:
    from taskflowmq.contrib.django.conf import TaskFlowSettings

    table = PAGE[PAGE.index("| `TASKFLOW` |") :].partition("\n\n")[0]
    shown = set(re.findall(r"`([A-Z_]+)`", table)) - {"TASKFLOW", "DATABASES", "TASKFLOW_DATABASE_URL"}
    assert shown == {name.upper() for name in TaskFlowSettings.__struct_fields__}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        compile(block, "django.md", "exec")
