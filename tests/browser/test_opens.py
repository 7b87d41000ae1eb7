"""Every page opens in a real browser, on both engines, and the pages keep what the fixtures watch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import Serve
from tests.browser.engines import ON_BOTH
from tests.browser.launching import PLAIN_HOST
from tests.browser.looking import axe, settled
from tests.browser.routes import REDIRECTS, ROUTES
from tests.browser.site import Site, names_of, seed
from tests.browser.watching import Watch
from tests.server.conftest import KEY
from tools.api_types import DASHBOARD


@ON_BOTH
async def test_every_page_opens_without_a_word_in_the_console(page: Page, site: Site) -> None:
    names = await names_of(await seed(site.app))
    for route in ROUTES:
        await page.goto(site.url + route.path.format(**names))
        await settled(page)
        await expect(page).to_have_title(re.compile("TaskFlow"))


def test_the_list_of_routes_is_whole() -> None:
    declared = set(re.findall(r'path: "([^"]+)"', (DASHBOARD / "src/app/router.tsx").read_text()))
    listed = {route.path.partition("?")[0].format(job="$id", queue="$name", error="$fingerprint") for route in ROUTES}
    assert declared == listed | REDIRECTS


async def test_a_name_that_is_not_loopback_over_plain_http_asks_for_a_key(page: Page, serve: Serve) -> None:
    site = await serve(api_keys=(KEY,))
    await page.goto(site.url.replace("127.0.0.1", PLAIN_HOST))
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert not await page.evaluate("isSecureContext")
    found = await axe(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("log.js", "console error: spoken"),
        ("throw.js", "error: thrown"),
        ("foreign.js", "request to another host: http://example.invalid/picture.png"),
        ("style.js", "policy: style-src-elem refuses inline"),
    ],
)
async def test_what_a_page_does_wrong_is_seen(page: Page, site: Site, watch: Watch, script: str, told: str) -> None:
    await page.goto(site.url)
    await settled(page)
    assert watch.trouble == []
    await page.evaluate((Path(__file__).parent / "wrong" / script).read_text())
    # What the page says is on its way.
    async with page.expect_event("console", lambda message: message.text == "done"):
        await page.evaluate((Path(__file__).parent / "wrong" / "done.js").read_text())
    assert any(told in line for line in watch.trouble), watch.trouble
    watch.allow("")
