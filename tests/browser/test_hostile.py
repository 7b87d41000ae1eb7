"""What the demo's hostile customers write is text on every page, and nothing else."""

from __future__ import annotations

from playwright.async_api import Page, expect
from tests.browser.site import Site
from tests.browser.test_flow_jobs import open_at, row_of

from taskflowmq.demo.orders import hostile_orders


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
