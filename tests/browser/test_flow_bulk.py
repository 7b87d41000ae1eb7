"""Operations on all jobs that match: asked for, taken back, followed over pages and reloads, stopped."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.engines import ON_BOTH
from tests.browser.looking import axe
from tests.browser.site import Site
from tests.browser.test_flow_jobs import open_live

from taskflowmq import Discard, Retry
from taskflowmq.bootstrap.duties import bulk_duty, running
from taskflowmq.server.api.v1 import bulks, queues
from taskflowmq.testing import adrain

JOBS = 130
#: Seconds in which an operation can be taken back, where eight may be too few beside other tests.
LONG = 600.0


async def dead_jobs(site: Site) -> None:
    """Store jobs and let them die."""

    @site.app.task(name="mail.bounce", queue="mail", retry=Retry(max_attempts=1))
    async def bounce(n: int) -> None:
        raise Discard("no such address")

    await site.app.aenqueue_many([bounce.job(n=n) for n in range(JOBS)])
    await adrain(site.app)


async def select_all(page: Page) -> None:
    """Select a row, and from there all that match."""
    await page.get_by_role("checkbox", name="Select mail.bounce").first.check()
    await page.get_by_role("button", name=f"Select all {JOBS} that match").click()


def line_of(page: Page) -> Locator:
    """The operations in progress, at the foot of every page."""
    return page.get_by_role("region", name="Bulk operations in progress")


@ON_BOTH
async def test_all_that_match_are_deleted_and_taken_back_then_retried_and_stopped(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulks, "UNDO_S", LONG)
    await dead_jobs(site)
    async with running([bulk_duty(site.app.store, 0.1)]):
        await open_live(page, site, "/jobs?state=dead")
        await select_all(page)
        bar = page.get_by_role("region", name=f"All {JOBS} that match")
        await expect(bar.get_by_role("button", name="Cancel")).to_be_disabled()
        await bar.get_by_role("button", name="Delete").click()
        dialog = page.get_by_role("dialog", name=f"Delete {JOBS} jobs?")
        await expect(dialog.get_by_text(f"and {JOBS - 5} more")).to_be_visible()
        await dialog.get_by_label("Reason").fill("sent by hand")
        await dialog.get_by_role("button", name=f"Delete {JOBS} jobs").click()
        line = line_of(page)
        await expect(line.get_by_text(f"Deleting {JOBS} jobs in")).to_be_visible()
        # The server has it: another page shows it, and a reload too.
        await page.get_by_role("link", name="Queues", exact=True).click()
        await page.reload()
        await line.get_by_role("button", name="Undo").click()
        await expect(page.get_by_text("Undone: no job was touched", exact=True)).to_be_visible()
        await expect(line).to_have_count(0)
        assert await site.app.jobs.acount("state:dead", seconds=60) == (JOBS, True)

        await open_live(page, site, "/jobs?state=dead")
        await select_all(page)
        await page.get_by_role("button", name="Retry", exact=True).click()
        dialog = page.get_by_role("dialog", name=f"Retry {JOBS} jobs?")
        await dialog.get_by_label("Rate").fill("5")
        await dialog.get_by_role("button", name=f"Retry {JOBS} jobs").click()
        # Whichever number the feed tells first: it asks every two seconds at most.
        await expect(line.get_by_text(re.compile(rf"^Retrying jobs: [1-9]\d* of {JOBS}$"))).to_be_visible()
        await line.get_by_role("link", name="Details").click()
        drawer = page.get_by_role("complementary", name="Retry")
        await expect(drawer.get_by_text("New round", exact=True).first).to_be_visible()
        await line.get_by_role("button", name="Stop").click()
        await expect(
            page.get_by_text(re.compile(r"^Stopped after \d+ jobs; the others are untouched$"))
        ).to_be_visible()
        await expect(drawer.get_by_text("Stopped", exact=True)).to_be_visible()
    stopped, undone = await site.app.bulks.alist()
    assert (undone.reason, undone.done, undone.state) == ("sent by hand", 0, "undone")
    assert 0 < stopped.done < JOBS
    assert (await site.app.jobs.acount("state:dead", seconds=60)).value == JOBS - stopped.done


async def test_selected_jobs_and_all_that_match_are_put_off(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulks, "UNDO_S", 0.0)
    jobs = [await site.app.asend("mail.send", {"to": "ada"}, delay=600) for _ in range(3)]
    async with running([bulk_duty(site.app.store, 0.1)]):
        await open_live(page, site, "/jobs?state=scheduled")
        rows = page.locator("tr[data-row]")
        await rows.first.get_by_role("checkbox").check()
        await page.get_by_role("button", name="Reschedule", exact=True).click()
        dialog = page.get_by_role("dialog", name="Reschedule 1 job?")
        await dialog.get_by_label("Due at").fill("2100-01-01T08:00")
        assert await axe(page) == []
        await dialog.get_by_role("button", name="Reschedule 1 job").click()
        await expect(page.get_by_text("Rescheduled 1 job", exact=True)).to_be_visible()
        assert (await jobs[-1].ajob()).run_at.year == 2100
        await rows.first.get_by_role("checkbox").check()
        await page.get_by_role("button", name="Select all 3 that match").click()
        await page.get_by_role("button", name="Reschedule", exact=True).click()
        dialog = page.get_by_role("dialog", name="Reschedule 3 jobs?")
        await dialog.get_by_role("button", name="In 7 days").click()
        await dialog.get_by_label("Reason").fill("after the night run")
        await dialog.get_by_role("button", name="Reschedule 3 jobs").click()
        await expect(page.get_by_text("Rescheduled 3 jobs", exact=True)).to_be_visible()
    due = {(await job.ajob()).run_at for job in jobs}
    assert len(due) == 1
    assert due.pop().year < 2100
    (newest, _) = await site.app.bulks.alist()
    assert (newest.reason, newest.counts) == ("after the night run", {"rescheduled": 3})


async def test_all_dead_jobs_are_retried_to_the_end(page: Page, site: Site) -> None:
    await dead_jobs(site)
    async with running([bulk_duty(site.app.store, 0.1)]):
        await open_live(page, site, "/jobs?state=dead")
        await select_all(page)
        await page.get_by_role("button", name="Retry", exact=True).click()
        await page.get_by_role("dialog").get_by_role("button", name=f"Retry {JOBS} jobs").click()
        await expect(page.get_by_text(f"Retried {JOBS} jobs", exact=True)).to_be_visible()
    assert await site.app.jobs.acount("state:pending", seconds=60) == (JOBS, True)


@ON_BOTH
async def test_a_queue_is_purged_after_its_name_is_typed_and_can_be_taken_back(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [await site.app.asend("mail.send", {"to": "ada"}, delay=delay) for delay in (0, 600)]
    kept = await site.app.asend("report.render", {"month": "2026-01"})
    async with running([bulk_duty(site.app.store, 0.1)]):
        for undo in (True, False):
            monkeypatch.setattr(queues, "UNDO_S", LONG if undo else 1.0)
            await open_live(page, site, "/queues/mail")
            await page.get_by_role("button", name="More about mail").click()
            await page.get_by_role("menuitem", name="Purge…").click()
            dialog = page.get_by_role("dialog", name="Purge mail?")
            await expect(dialog.get_by_role("checkbox", name="Scheduled, 1")).to_be_checked()
            await expect(dialog.get_by_role("button", name="Purge 2 jobs")).to_be_disabled()
            await dialog.get_by_label("Type mail to confirm").fill("mail")
            await dialog.get_by_label("Reason").fill("sent twice")
            await dialog.get_by_role("button", name="Purge 2 jobs").click()
            line = line_of(page)
            if undo:
                await expect(line.get_by_text("Purging 2 jobs in")).to_be_visible()
                await line.get_by_role("button", name="Undo").click()
                await expect(page.get_by_text("Undone: no job was touched", exact=True)).to_be_visible()
                await expect(line).to_have_count(0)
        await expect(page.get_by_text("Purged 2 jobs", exact=True)).to_be_visible(timeout=30_000)
    for handle in waiting:
        assert await site.app.store.jobs.get("default", handle.id) is None
    assert await kept.astate() == "pending"
    assert [one.act.by.reason for one in (await site.app.audit.alist(action="bulk.purge")).items] == ["sent twice"] * 2
