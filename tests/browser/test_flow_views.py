"""Saved views: from what the list shows to a name, and back from the name to the list."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect
from tests.browser.conftest import OpenContext
from tests.browser.engines import ON_BOTH
from tests.browser.site import Site
from tests.browser.test_flow_jobs import open_at, row_of, search_of

from taskflowmq.testing import adrain


@ON_BOTH
async def test_a_view_is_saved_found_again_changed_and_deleted(page: Page, site: Site) -> None:
    report = await site.app.asend("report.render", {"month": "2026-01"})
    dead = await site.app.asend("webhook.deliver", {"url": "https://hooks.example", "body": {}}, max_attempts=1)
    await adrain(site.app)
    await open_at(page, site, "/jobs?queue=reports&range=24h&sort=oldest")
    await page.get_by_role("button", name="Views", exact=True).click()
    await page.get_by_role("menuitem", name="Save this view…").click()
    dialog = page.get_by_role("dialog", name="Save this view")
    await dialog.get_by_label("Name").fill("Reports of today")
    await dialog.get_by_role("button", name="Save view").click()
    await expect(page.get_by_role("button", name="View: Reports of today")).to_be_visible()
    [view] = await site.app.views.alist()
    assert (view.name, view.filter, view.range, view.owner) == ("Reports of today", "queue:reports", "24h", "local")
    assert search_of(page)["view"] == str(view.id)

    # A built-in one takes its place, and the palette leads back.
    await page.get_by_role("button", name="View: Reports of today").click()
    await page.get_by_role("menuitemcheckbox", name="Dead letters").click()
    await expect(row_of(page, dead)).to_be_visible()
    await expect(row_of(page, report)).to_have_count(0)
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox", name=re.compile("palette")).fill("reports of")
    await page.keyboard.press("Enter")
    await expect(row_of(page, report)).to_be_visible()
    assert search_of(page) == {"queue": "reports", "range": "24h", "sort": "oldest", "view": str(view.id)}

    # What was changed is saved under the same name; back takes the list, not the view.
    await page.get_by_role("link", name=re.compile("^Completed")).click()
    changed = page.get_by_role("button", name="View: Reports of today, changed")
    await changed.click()
    await page.get_by_role("menuitem", name="Save changes").click()
    # While it goes it gives the focus back, which closes one that was opened meanwhile.
    await expect(page.get_by_role("menu")).to_have_count(0)
    await expect(page.get_by_role("button", name="View: Reports of today", exact=True)).to_be_visible()
    [view] = await site.app.views.alist()
    assert view.filter == "queue:reports state:completed"
    assert await site.app.jobs.alist(**view.query()) is not None

    await page.get_by_role("button", name="View: Reports of today").click()
    await page.get_by_role("menuitem", name="Delete view…").click()
    await page.get_by_role("button", name="Delete view").click()
    await expect(page.get_by_role("button", name="Views", exact=True)).to_be_visible()
    await expect(row_of(page, report)).to_be_visible()
    assert await site.app.views.alist() == []


async def test_a_shared_view_is_found_by_another_browser(page: Page, site: Site, open_context: OpenContext) -> None:
    await site.app.views.aadd("Mail that fails", filter="state:dead queue:mail", columns=["attempt"], shared=True)
    await open_at(page, site, "/jobs")
    await page.get_by_role("button", name="Views", exact=True).click()
    await page.get_by_role("menuitemcheckbox", name="Mail that fails").click()
    await expect(page.get_by_role("button", name="View: Mail that fails")).to_be_visible()
    other = await (await open_context()).new_page()
    await open_at(other, site, page.url.removeprefix(site.url))
    await expect(other.get_by_role("button", name="View: Mail that fails")).to_be_visible()
    await expect(other.get_by_role("columnheader", name="Wait")).to_have_count(0)


async def test_a_tag_that_no_row_shows_completes_the_filter(page: Page, site: Site) -> None:
    tagged = await site.app.asend("report.render", {"month": "2026-01"}, tags=["quarterly"])
    await site.app.asend("mail.send", {"to": "ada@example.org"})
    await open_at(page, site, "/jobs?queue=mail")
    await expect(row_of(page, tagged)).to_have_count(0)
    field = page.get_by_role("combobox", name="Filter")
    await field.fill("tag:quar")
    await expect(page.get_by_role("option", name="tag:quarterly 1 of the newest jobs")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Remove tag:quarterly")).to_be_visible()
    assert search_of(page) == {"queue": "mail", "tag": "quarterly"}
