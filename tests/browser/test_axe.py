"""axe finds nothing on any page, in either theme: with data, without, and when the server cannot answer."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import Page, Route, expect
from tests.browser.looking import axe, settled
from tests.browser.routes import ROUTES, THEMES
from tests.browser.site import Site, names_of, seed, working
from tests.browser.watching import Watch

PROBLEM = {
    "type": "about:blank",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "The store cannot be reached.",
    "request_id": "req-1",
}
#: The id of a job that never was.
NOBODY = "01a22c06-9a33-73fb-bffc-b5d3a1676fa8"
#: Filters that nothing fits: another emptiness than that of a new store.
FILTERED = (
    "/jobs?queue=none&range=1h",
    "/jobs?state=cancelled",
    "/queues?q=none",
    "/errors?q=none",
    "/workers?q=none",
    "/nowhere",
)


#: What another theme can make a difference to.
OF_COLOURS = ("color-contrast", "link-in-text-block")
#: One address of each page: what its tabs and filters show is the same where nothing could be loaded.
PAGES = tuple(route.path for route in ROUTES if "?" not in route.path)


async def found_on(page: Page, address: str) -> list[str]:
    """Return what axe finds on a page that is open: in one theme by all rules, in the other by those of colours.

    A theme is a set of values for the same tokens (dashboard/src/styles/tokens.css), so all else stays as it was found.
    """
    await settled(page)
    found: list[str] = []
    for theme, rules in zip(THEMES, (None, OF_COLOURS), strict=True):
        # What is still turning from one colour to another would be measured on its way.
        await page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        await expect(page.locator("html")).to_have_attribute("data-theme", theme)
        found += [f"{address} ({theme}): {line}" for line in await axe(page, rules)]
    return found


async def test_with_jobs_and_a_worker(page: Page, site: Site) -> None:
    names = await names_of(await seed(site.app))
    await site.app.asend("video.encode", {"source": "a.mov"})
    await site.app.queues.apause("mail")
    found: list[str] = []
    async with working(site.app, "video"):
        for route in ROUTES:
            await page.goto(site.url + route.path.format(**names))
            found += await found_on(page, route.path)
    assert not found, "\n".join(found)


async def test_with_what_opens_over_a_page(page: Page, site: Site) -> None:
    job = await seed(site.app)
    found: list[str] = []
    for key, name in (("Control+k", "Command palette"), ("Shift+?", "Keys"), ("e", "Enqueue a job")):
        await page.goto(f"{site.url}/jobs?job={job.id}")
        await settled(page)
        await page.keyboard.press(key)
        over = page.get_by_role("dialog", name=name)
        await expect(over).to_be_visible()
        if name == "Enqueue a job":
            await over.get_by_label("Task").fill("report.render")
            await expect(over.get_by_label("month")).to_be_visible()
        found += await found_on(page, name)
    for button in ("Time range: Any time", "Delete"):
        await page.goto(f"{site.url}/jobs?job={job.id}")
        await settled(page)
        await page.get_by_role("button", name=button).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        found += await found_on(page, button)
    assert not found, "\n".join(found)


async def test_with_the_dialogs_that_move_jobs(page: Page, site: Site) -> None:
    job = await site.app.asend("mail.send", {"to": "ada"}, delay=600)
    found: list[str] = []
    await page.goto(f"{site.url}/jobs?job={job.id}")
    await settled(page)
    await page.get_by_role("complementary").get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Move…").click()
    dialog = page.get_by_role("dialog", name="Move mail.send")
    await dialog.get_by_label("Queue").fill("not a name")
    await dialog.get_by_label("Priority").fill("101")
    await expect(dialog.get_by_text("A whole number from -100 to 100.")).to_be_visible()
    found += await found_on(page, "Move a job")
    await page.goto(f"{site.url}/jobs")
    await settled(page)
    await page.get_by_role("checkbox", name="Select mail.send").check()
    await page.get_by_role("button", name="Move", exact=True).click()
    dialog = page.get_by_role("dialog", name="Move 1 job?")
    await dialog.get_by_label("Queue").fill("imports")
    await expect(dialog.get_by_text("it is created")).to_be_visible()
    found += await found_on(page, "Move many jobs")
    assert not found, "\n".join(found)


async def test_without_a_job(page: Page, site: Site, watch: Watch) -> None:
    watch.allow("404")  # the console tells of the job that does not exist
    found: list[str] = []
    for path in (*PAGES, *FILTERED):
        await page.goto(site.url + path.format(job=NOBODY, queue="nobody", error="0" * 16))
        if path == "/":
            await expect(page.get_by_role("heading", name="Run your first job")).to_be_visible()
        if "{job}" in path:
            await expect(page.get_by_text("No such job")).to_be_visible()
        if "{queue}" in path:
            await expect(page.get_by_text("No queue “nobody”")).to_be_visible()
        if "{error}" in path:
            await expect(page.get_by_text("No such error")).to_be_visible()
        found += await found_on(page, path)
    assert not found, "\n".join(found)


async def test_when_the_server_cannot_answer(page: Page, site: Site, watch: Watch) -> None:
    watch.allow("503")
    names = await names_of(await seed(site.app))
    await page.route("**/api/v1/**", refuse)
    found: list[str] = []
    for path in PAGES:
        await page.goto(site.url + path.format(**names))
        await expect(page.get_by_role("alert").first).to_contain_text("The store cannot be reached.")
        found += await found_on(page, path)
    assert not found, "\n".join(found)


async def refuse(route: Route) -> None:
    """Answer as a server does whose store is away."""
    await route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(PROBLEM))


async def test_an_unnamed_button_is_seen(page: Page, site: Site) -> None:
    await page.goto(site.url)
    await settled(page)
    await page.evaluate((Path(__file__).parent / "wrong" / "unnamed.js").read_text())
    assert any(line.startswith("button-name: ") for line in await axe(page))
