"""The examples of docs/logging.md are run; that for Sentry against a stand-in for what it calls of sentry_sdk."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from taskflowmq import JobFailed, Retry

PAGE = (Path(__file__).parents[2] / "docs" / "logging.md").read_text()
EXAMPLE, RECIPE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


class Scope:
    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.contexts: dict[str, dict[str, Any]] = {}

    def set_tag(self, name: str, value: str) -> None:
        self.tags[name] = value

    def set_context(self, name: str, value: dict[str, Any]) -> None:
        self.contexts[name] = value


class Sentry(ModuleType):
    """What of sentry_sdk the recipe calls (2.x)."""

    def __init__(self) -> None:
        super().__init__("sentry_sdk")
        self.events: list[tuple[BaseException, Scope]] = []
        self.flushed = 0
        self.given: dict[str, Any] = {}
        self.ignored: list[str] = []
        self._scope: Scope | None = None

    def init(self, **given: Any) -> None:
        self.given = given

    @contextlib.contextmanager
    def new_scope(self) -> Iterator[Scope]:
        self._scope = Scope()
        yield self._scope
        self._scope = None

    def capture_exception(self, error: BaseException) -> None:
        assert self._scope is not None
        self.events.append((error, self._scope))

    def flush(self, timeout: float) -> None:
        self.flushed += 1


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch) -> Sentry:
    stand_in = Sentry()
    logging_integration = ModuleType("sentry_sdk.integrations.logging")
    logging_integration.ignore_logger = stand_in.ignored.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentry_sdk", stand_in)
    monkeypatch.setitem(sys.modules, "sentry_sdk.integrations", ModuleType("sentry_sdk.integrations"))
    monkeypatch.setitem(sys.modules, "sentry_sdk.integrations.logging", logging_integration)
    return stand_in


async def test_the_last_failure_of_a_job_is_one_event_with_its_exception(sentry: Sentry, sqlite_url: str) -> None:
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(RECIPE, "logging.md", "exec"), names)
    app = names["app"]
    app.use_url(sqlite_url)

    @app.task(retry=Retry(max_attempts=2, initial=0.001))
    async def fail() -> None:
        raise LookupError("not there")

    async with app:
        handle = await fail.aenqueue()
        async with app.worker(poll=0.05):
            with pytest.raises(JobFailed):
                await handle.aresult(timeout=20)
    [(error, scope)] = sentry.events
    assert isinstance(error, LookupError)
    assert error.__traceback__ is not None
    assert scope.tags == {"task": "fail", "queue": "default"}
    assert scope.contexts == {"job": {"id": str(handle.id), "attempt": 2, "outcome": "failed"}}
    assert (sentry.flushed, sentry.ignored) == (1, ["taskflowmq.worker"])
    assert sentry.given == {"include_local_variables": False}


async def test_the_example_logs_with_its_job(sqlite_url: str) -> None:
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(EXAMPLE, "logging.md", "exec"), names)
    app = names["app"]
    app.use_url(sqlite_url)
    async with app:
        handle = await names["import_feed"].aenqueue(pages=2)
        await app.worker(job_logs="all").arun_until_idle()
        page = await app.jobs.alogs(handle.id)
        assert [(line.message, line.fields) for line in page.items] == [
            ("page 1 of 2", {"page": 0}),
            ("page 2 of 2", {"page": 1}),
        ]
        assert (await handle.ajob()).progress == {"value": 1.0, "text": "page 2 of 2"}
