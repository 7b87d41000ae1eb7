"""Fixtures of the browser tests: a Chromium per run, real servers in this process, pages that are watched.

The tests are coroutines on one loop per process: the browser lives as long as that, and the server of a test answers
while the test waits. All of them are marked `browser` and `slow`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect
from tests.browser.launching import launched
from tests.browser.site import Site, make_app, served
from tests.browser.watching import Watch
from tests.not_tested import cannot_test
from tools.api_types import DASHBOARD
from tools.node import Unavailable, from_wheel

from tools import build_dashboard, chromium, npm

#: What each page of a test has unless it asks for something else.
CONTEXT: dict[str, Any] = {"locale": "en-US", "timezone_id": "UTC", "viewport": {"width": 1440, "height": 900}}

#: Two cores may be busy with other tests.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

Serve = Callable[..., Awaitable[Site]]
OpenContext = Callable[..., Awaitable[BrowserContext]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and give their coroutines the loop of the browser."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("browser")
            item.add_marker("slow")
            # The first one may have to fetch the browser and build the dashboard.
            item.add_marker(pytest.mark.timeout(600))
            if isinstance(item, pytest.Function) and asyncio.iscoroutinefunction(item.function):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser; without one, or without a built dashboard, nothing here runs, and says so."""
    try:
        npm.ensure(DASHBOARD, from_wheel, dev=True)  # axe
        build_dashboard.build(find_node=from_wheel)
        program = chromium.find()
    except Unavailable as error:
        cannot_test("the dashboard in a browser", error)
    async with launched(program) as running:
        yield running


@pytest.fixture
def watch() -> Watch:
    """What the test's pages did wrong; the test ends with an error if there is anything that it did not allow."""
    return Watch()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated database: SQLite, or the engine that ``ON_BOTH`` names."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


@pytest_asyncio.fixture(loop_scope="session")
async def serve(database_url: str) -> AsyncIterator[Serve]:
    """Start servers of one app; arguments as of ``ServerSettings``."""
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(make_app(database_url))

        async def start(**settings: Any) -> Site:
            return await stack.enter_async_context(served(app, **settings))

        yield start


@pytest_asyncio.fixture(loop_scope="session")
async def open_context(browser: Browser, watch: Watch, serve: Serve) -> AsyncIterator[OpenContext]:
    """Make watched contexts, each with cookies and storage of its own; arguments as of ``Browser.new_context``.

    Servers outlive them: a page that is told of the end of its server would say so in its console.
    """
    async with AsyncExitStack() as stack:

        async def make(**options: Any) -> BrowserContext:
            context = await browser.new_context(**{**CONTEXT, **options})
            stack.push_async_callback(context.close)
            await watch.over(context)
            return context

        yield make
    assert watch.trouble == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_context: OpenContext) -> Page:
    """One page in a context of its own."""
    context = await open_context()
    return await context.new_page()


@pytest_asyncio.fixture(loop_scope="session")
async def site(serve: Serve) -> Site:
    """A server without keys on an empty store."""
    return await serve()
