"""Nothing moves under the reader: sizes are there before the data, and no page is wider than its window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import OpenContext
from tests.browser.looking import settled
from tests.browser.routes import ROUTES
from tests.browser.site import Site, names_of, seed, working

SHIFTS = Path(__file__).parent / "shifts.js"
ENDLESS = SHIFTS.with_name("endless.js")
#: Where a job that runs may be seen.
SHOW_JOBS = ("jobs", "jobs-drawer", "job", "job-attempts", "job-logs", "job-payload", "error")
#: The share of the window that moved, times how far: counts that get another digit move their neighbours by pixels.
MOST = 0.003


@pytest.mark.parametrize("width", [1440, 360])
async def test_pages_stand_still_while_their_data_comes(open_context: OpenContext, site: Site, width: int) -> None:
    names = await names_of(await seed(site.app))
    await site.app.asend("video.encode", {"source": "a.mov"})
    context = await open_context(viewport={"width": width, "height": 800})
    await context.add_init_script(path=SHIFTS)
    page = await context.new_page()
    async with working(site.app, "video"):
        for route in ROUTES:
            await page.goto(site.url + route.path.format(**names))
            await settled(page)
            if route.live:  # the first word of the feed has been heard
                await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
            shifts: list[Any] = await page.evaluate("shifts")
            assert sum(value for value, _ in shifts) <= MOST, (route.path, shifts)
            assert await page.evaluate("document.documentElement.scrollWidth") == width, route.path


async def test_what_moves_without_end_moves_without_the_pages_thread(open_context: OpenContext, site: Site) -> None:
    """A part of a picture that turned would have the whole page laid out and painted anew for each frame."""
    names = await names_of(await seed(site.app))
    await site.app.asend("video.encode", {"source": "a.mov"})
    page = await (await open_context()).new_page()
    async with working(site.app, "video"):
        for route in ROUTES:
            await page.goto(site.url + route.path.format(**names))
            await settled(page)
            moving: list[str] = await page.evaluate(ENDLESS.read_text())
            assert set(moving) <= {"svg"}, route.path
            # On tabs, in menus and legends a state is a word, and nothing that happens.
            assert route.name in SHOW_JOBS or moving == [], route.path
