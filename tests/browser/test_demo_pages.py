"""The demonstration in a browser: what hostile customers write is text, and visitors of a public one change nothing."""

from __future__ import annotations

from playwright.async_api import Page, expect
from tests.browser.conftest import Serve
from tests.browser.site import Site
from tests.browser.test_flow_jobs import open_at, row_of

from taskflowmq.demo.orders import hostile_orders
from taskflowmq.server.settings import PublicDemo


async def test_hostile_arguments_are_shown_as_text_with_every_digit(page: Page, site: Site) -> None:
    jobs = [
        await site.app.asend("webhook.deliver", {"url": "https://hooks.example", "body": dict(order.args)}, delay=600)
        for order in hostile_orders()
    ]
    await open_at(page, site, "/jobs")
    for job in jobs:
        await expect(row_of(page, job)).to_be_visible()
    for job, order in zip(jobs, hostile_orders(), strict=True):
        await open_at(page, site, f"/jobs/{job.id}")
        main = page.get_by_role("main")
        await expect(main.get_by_text(str(order.args["account"])).first).to_be_visible()
        assert await main.locator("script, img, h1[style]").count() == 0
        assert "owned" not in await page.title()


async def test_a_visitor_looks_at_everything_and_enqueues_a_demo_job(page: Page, serve: Serve) -> None:
    public = PublicDemo(jobs=(("report.render", {"month": "2026-11"}),), per_hour=(1, 10))
    site = await serve(public=public)
    await open_at(page, site, "/jobs")
    await expect(page.get_by_role("region", name="Public demonstration")).to_be_visible()
    await expect(page.get_by_role("button", name="Enqueue job")).to_have_attribute("aria-disabled", "true")
    await page.get_by_role("button", name="Enqueue a demo job").click()
    await expect(page.get_by_role("heading", name="report.render")).to_be_visible()
    assert [job.tags for job in (await site.app.jobs.alist()).items] == [("visitor",)]
