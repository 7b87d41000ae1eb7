"""A worker is drained, resumed and stopped from its row, and obeys; its row says what it uses and what it was told."""

from __future__ import annotations

from playwright.async_api import Page, expect
from tests.browser.looking import settled
from tests.browser.site import Site

from taskflowmq import State
from taskflowmq.core.workers import Command


async def test_commands_from_the_row_of_a_worker(page: Page, site: Site) -> None:
    store = site.app.store.workers
    async with site.app.worker(concurrency=4, heartbeat=0.1, run_duties=False):
        await page.goto(f"{site.url}/workers")
        await settled(page)
        [worker] = await store.list_workers()
        row = page.locator(f"tr[data-row='{worker.id}']")
        await expect(row).to_contain_text("0/4")
        await expect(row).to_contain_text(" MB")
        await expect(row).to_contain_text(" %")

        await choose(page, "Drain…")
        await page.get_by_role("dialog").get_by_label("Reason").fill("new disk")
        await page.keyboard.press("Enter")
        await expect(row).to_contain_text("Draining")
        waits = await site.app.asend("report.render", {"month": "2026-01"})
        [told] = await store.list_workers()
        assert (told.command, told.command_by) == (Command.DRAIN, "local")

        await choose(page, "Resume…")
        await page.get_by_role("dialog").get_by_role("button", name="Resume worker").click()
        await expect(row).not_to_contain_text("Draining")
        assert (await waits.aresult(timeout=60))["month"] == "2026-01"
        assert (await waits.ajob()).state is State.COMPLETED

        await choose(page, "Stop…")
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("It holds no job")
        await dialog.get_by_role("button", name="Stop worker").click()
        await expect(row).to_contain_text("Ended")
    acts = (await site.app.audit.alist()).items
    assert [(one.act.action, one.act.by.reason) for one in reversed(acts)] == [
        ("worker.drain", "new disk"),
        ("worker.resume", None),
        ("worker.stop", None),
    ]


async def choose(page: Page, label: str) -> None:
    """Open the menu of the only worker, and choose."""
    await page.get_by_role("button", name="Actions for worker").click()
    await page.get_by_role("menuitem", name=label).click()
