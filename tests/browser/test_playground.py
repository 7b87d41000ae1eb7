"""A stress test from its form to the list of its jobs."""

from __future__ import annotations

import re
from uuid import UUID

from playwright.async_api import Page, expect
from tests.browser.engines import ON_BOTH
from tests.browser.looking import settled
from tests.browser.site import Site, working
from tests.browser.test_axe import found_on

from taskflowmq.tasks import playground


@ON_BOTH
async def test_a_test_is_started_watched_and_stopped_and_its_jobs_are_found(page: Page, site: Site) -> None:
    site.app.include(playground)
    async with working(site.app):
        await page.goto(site.url)
        await settled(page)
        await page.keyboard.press("g")
        await page.keyboard.press("p")
        await expect(page.get_by_text("No stress test yet")).to_be_visible()
        await page.get_by_label("Rate, jobs per second").fill("20")
        await page.get_by_label("Duration, seconds").fill("600")
        await page.get_by_label("Failures, % of the jobs").fill("0")
        for kind in ("Slow", "CPU", "Retried"):
            await page.get_by_label(f"Mix of jobs: {kind}").fill("0")
        await page.get_by_role("button", name="Start test").click()
        await expect(page.get_by_role("button", name="Start test")).to_have_attribute("aria-disabled", "true")
        numbers = page.get_by_label("Numbers of the test")
        await expect(numbers).to_contain_text(re.compile(r"[1-9]\d* jobs? ended"))
        await expect(page.get_by_role("table", name="Who worked on it").locator("tbody tr")).to_have_count(1)
        assert await found_on(page, "/playground") == []
        await page.get_by_role("button", name="Stop").click()
        await expect(page.get_by_text("Ended, stopped by local").first).to_be_visible()
        await expect(page.get_by_role("button", name="Start test")).not_to_have_attribute("aria-disabled", "true")
    [run] = (await site.app.audit.alist(action="playground.start")).items
    tag = f"playground-{UUID(run.act.object.removeprefix('playground:')).hex[-12:]}"
    enqueued = (await site.app.jobs.acount(f"tag:{tag}", seconds=60)).value
    await expect(numbers).to_contain_text(f"{enqueued} jobs ended")
    await page.get_by_role("link", name="Show its jobs").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    await expect(page).to_have_url(re.compile(rf"/jobs\?tag={tag}$"))
    await expect(page.locator("tbody tr").first).to_contain_text("playground.quick")


async def test_jobs_that_no_worker_takes_are_said_to_wait(page: Page, site: Site) -> None:
    site.app.include(playground)
    await page.goto(f"{site.url}/playground")
    await page.get_by_label("Duration, seconds").fill("1")
    await page.get_by_role("button", name="Start test").click()
    await expect(page.get_by_text("No worker takes these jobs")).to_be_visible()
    await expect(page.get_by_label("Numbers of the test")).to_contain_text("20of 20")
