"""Something is seen before the program has loaded, and it stays where it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, Route, expect
from tests.browser.conftest import Serve
from tests.browser.looking import settled
from tests.browser.site import Site
from tests.server.conftest import KEY


@asynccontextmanager
async def before_the_program(page: Page, url: str) -> AsyncIterator[None]:
    """Open a page whose program arrives when this ends."""
    arrives = asyncio.Event()

    async def held(route: Route) -> None:
        await arrives.wait()
        await route.continue_()

    await page.route("**/assets/index-*.js", held)
    await page.goto(url, wait_until="commit")
    try:
        yield
    finally:
        arrives.set()


async def places(page: Page) -> list[tuple[float, float]]:
    """Return where the mark and the name of the product are."""
    found = []
    for shown in (page.locator("svg").first, page.get_by_text("TaskFlow", exact=True).first):
        await expect(shown).to_be_visible()
        box = await shown.bounding_box()
        assert box is not None
        found.append((box["x"], box["y"]))
    return found


async def test_the_frame_of_the_page_is_seen_before_its_program_and_stays_where_it_is(page: Page, site: Site) -> None:
    async with before_the_program(page, site.url):
        early = await places(page)
        await expect(page.locator("#frame")).to_be_visible()
    await settled(page)
    await expect(page.locator("#frame")).to_have_count(0)
    assert await places(page) == early


async def test_who_has_to_sign_in_is_not_shown_the_frame(page: Page, serve: Serve) -> None:
    site = await serve(api_keys=(KEY,))
    async with before_the_program(page, site.url):
        await expect(page.locator("html[data-sign-in] #frame")).to_have_count(1)
        await expect(page.locator("#frame")).to_be_hidden()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_what_a_page_loads_arrives_with_the_program(page: Page, site: Site) -> None:
    async with before_the_program(page, f"{site.url}/jobs"):
        preloads = page.locator("link[rel=modulepreload][href*='/assets/jobs-route-']")
        await expect(preloads).to_have_count(1)
    await settled(page)
