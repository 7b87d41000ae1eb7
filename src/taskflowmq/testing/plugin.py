"""Fixtures for pytest, found by itself once the package is installed.

Tell it which app to test, once, in ``conftest.py`` or per module::

    @pytest.fixture
    def taskflow_app_under_test():
        from shop.jobs import app
        return app

Without that, ``taskflow_app`` is an app with the built-in tasks.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

# Only names that cost nothing: a plugin is imported by every run of pytest, also those that never use TaskFlow.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskflowmq.client.app import BaseApp
    from taskflowmq.testing.app import Drain
    from taskflowmq.testing.clock import VirtualClock


@pytest.fixture
def taskflow_app_under_test() -> BaseApp:
    """The app that the other fixtures use; override it with your own."""
    from taskflowmq.bootstrap.loading import default_app

    return default_app()


@pytest.fixture
def taskflow_clock() -> VirtualClock:
    """The clock that the database of ``taskflow_app`` goes by; ``taskflow_clock.advance(60)`` moves it."""
    from taskflowmq.testing.clock import VirtualClock

    return VirtualClock()


@pytest.fixture
def taskflow_app(taskflow_app_under_test: BaseApp, taskflow_clock: VirtualClock) -> Iterator[BaseApp]:
    """The app, on an empty database that is gone after the test."""
    from taskflowmq.testing.app import in_memory_app

    with in_memory_app(taskflow_app_under_test, clock=taskflow_clock) as app:
        yield app


@pytest.fixture
def taskflow_drain(taskflow_app: BaseApp) -> Drain:
    """Run all due jobs: ``taskflow_drain()``, or ``await taskflow_drain.a()`` in a coroutine."""
    from taskflowmq.testing.app import Drain

    return Drain(taskflow_app)
