"""A job that runs is looked into: its stack, and a profile as a flame graph."""

from __future__ import annotations

from playwright.async_api import Page, expect
from tests.browser.engines import ON_BOTH
from tests.browser.looking import axe, settled
from tests.browser.routes import THEMES
from tests.browser.site import Site, working
from tests.browser.test_axe import OF_COLOURS


@ON_BOTH
async def test_a_running_job_shows_its_stack_and_where_its_time_goes(page: Page, site: Site) -> None:
    job = await site.app.asend("video.encode", {"source": "a.mov"})
    async with working(site.app, "video"):
        await page.goto(f"{site.url}/jobs/{job.id}")
        await page.get_by_role("button", name="Show stack").click()
        stack = page.get_by_role("region", name="Task video.encode").or_(page.get_by_text("Task video.encode"))
        await expect(stack.first).to_be_visible()
        await expect(page.get_by_text("await asyncio.sleep(0.1)")).to_be_visible()
        await expect(page.get_by_text(r"coroutine in process")).to_be_visible()
        await page.get_by_role("combobox", name="Seconds to look").click()
        await page.get_by_role("option", name="1 s", exact=True).click()
        await page.get_by_role("button", name="Profile", exact=True).click()
        graph = page.get_by_role("tree")
        await expect(graph).to_be_visible()
        await graph.get_by_role("treeitem").first.focus()
        await page.keyboard.press("ArrowDown")
        await expect(graph.get_by_role("treeitem", selected=True)).to_contain_text("encode")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Escape")
        await settled(page)
        found: list[str] = []
        for theme, rules in zip(THEMES, (None, OF_COLOURS), strict=True):
            await page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
            await expect(page.locator("html")).to_have_attribute("data-theme", theme)
            found += await axe(page, rules)
        assert found == []
        await site.app.jobs.acancel(job.id)
        await expect(page.get_by_role("button", name="Refresh stack")).to_have_attribute("aria-disabled", "true")
        await expect(graph).to_be_visible()
    objects = [entry.act.action for entry in (await site.app.audit.alist(object=f"job:{job.id}")).items]
    assert sorted(objects) == ["job.cancel", "job.profile", "job.stack"]
