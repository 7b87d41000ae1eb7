"""Jobs get another queue or priority: one, selected ones, and all that match."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect
from tests.browser.engines import ON_BOTH
from tests.browser.site import Site
from tests.browser.test_flow_jobs import open_live, row_of

from taskflowmq.bootstrap.duties import bulk_duty, running
from taskflowmq.server.api.v1 import bulks


@ON_BOTH
async def test_a_pending_job_is_moved_and_the_list_and_the_job_show_where(page: Page, site: Site) -> None:
    handle = await site.app.asend("report.render", {"month": "2026-02"})
    await site.app.queues.apause("imports", create=True)
    was = (await handle.ajob()).queue
    await open_live(page, site, "/jobs")
    row = row_of(page, handle)
    await expect(row.get_by_text(was, exact=True)).to_be_visible()
    await row.get_by_role("button", name="Actions").click()
    await page.get_by_role("menuitem", name="Move…").click()
    dialog = page.get_by_role("dialog", name="Move report.render")
    await expect(dialog.get_by_label("Queue")).to_have_value(was)
    await dialog.get_by_label("Queue").fill("imports")
    await expect(dialog.get_by_text("This queue is paused")).to_be_visible()
    await dialog.get_by_label("Priority").fill("-5")
    await dialog.get_by_label("Reason").fill("the reports are late")
    await dialog.get_by_role("button", name="Move job").click()
    await expect(page.get_by_text("report.render is in imports with priority -5", exact=True)).to_be_visible()
    await expect(row.get_by_text("imports", exact=True)).to_be_visible()
    (entry,) = (await site.app.audit.alist(action="job.move")).items
    assert entry.act.by.reason == "the reports are late"
    assert entry.act.before == {"state": "pending", "queue": was, "priority": 0}
    # Somebody else moves it: the feed tells the pages, though the job is ready before and after.
    await site.app.jobs.amove(handle.id, queue="later", priority=7)
    await expect(row.get_by_text("later", exact=True)).to_be_visible()
    await open_live(page, site, f"/jobs/{handle.id}")
    await expect(page.get_by_role("link", name="later", exact=True)).to_be_visible()
    await site.app.jobs.amove(handle.id, queue="sooner")
    await expect(page.get_by_role("link", name="sooner", exact=True)).to_be_visible()


async def test_selected_jobs_and_all_that_match_are_moved(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulks, "UNDO_S", 0.0)
    jobs = [await site.app.asend("mail.send", {"to": "ada"}, delay=600) for _ in range(3)]
    async with running([bulk_duty(site.app.store, 0.1)]):
        await open_live(page, site, "/jobs?state=scheduled")
        rows = page.locator("tr[data-row]")
        await rows.first.get_by_role("checkbox").check()
        await page.get_by_role("button", name="Move", exact=True).click()
        dialog = page.get_by_role("dialog", name="Move 1 job?")
        await dialog.get_by_label("Priority").fill("-5")
        await dialog.get_by_role("button", name="Move 1 job").click()
        await expect(page.get_by_text("Moved 1 job", exact=True)).to_be_visible()
        assert (await jobs[-1].ajob()).priority == -5
        await rows.first.get_by_role("checkbox").check()
        await page.get_by_role("button", name="Select all 3 that match").click()
        await page.get_by_role("button", name="Move", exact=True).click()
        dialog = page.get_by_role("dialog", name="Move 3 jobs?")
        await dialog.get_by_label("Queue").fill("imports")
        await dialog.get_by_label("Reason").fill("the mail server is slow")
        await dialog.get_by_role("button", name="Move 3 jobs").click()
        await expect(page.get_by_text("Moved 3 jobs", exact=True)).to_be_visible()
        for row in await rows.all():
            await expect(row.get_by_text("imports", exact=True)).to_be_visible()
    assert [((view := await job.ajob()).queue, view.priority) for job in jobs] == [
        ("imports", 0),
        ("imports", 0),
        ("imports", -5),
    ]
    (newest, _) = await site.app.bulks.alist()
    assert (newest.reason, newest.counts) == ("the mail server is slow", {"moved": 3})
