"""From the red number to the traceback, and a resolution that ends by itself."""

from __future__ import annotations

import re
from uuid import UUID

import msgspec
import pytest
from playwright.async_api import Page, expect
from tests.browser.engines import ON_BOTH
from tests.browser.looking import axe, settled
from tests.browser.routes import THEMES
from tests.browser.site import Site
from tests.browser.watching import Watch

from taskflowmq import TaskFlow
from taskflowmq.bootstrap.duties import bulk_duty, running
from taskflowmq.core.error_groups import MOST_GROUPS, Occurrences
from taskflowmq.core.fingerprint import ErrorKind
from taskflowmq.ports.tasks import TaskNotice
from taskflowmq.testing import adrain
from taskflowmq.testing.conformance.support import new_worker

#: A job that never was.
NOBODY = UUID(int=1)


@pytest.fixture
def failing(site: Site) -> TaskFlow:
    """A site with a task that fails in three ways."""

    @site.app.task(name="order.charge", queue="orders")
    async def charge(order: int) -> None:
        match order % 3:
            case 0:
                raise LookupError(f"order {order} not found")
            case 1:
                raise ValueError(f"order {order} is closed")
        raise OSError(f"/srv/orders/{order}.json: no space left")

    return site.app


async def fail(app: TaskFlow, *orders: int) -> None:
    """Let orders fail."""
    for order in orders:
        await app.asend("order.charge", {"order": order}, max_attempts=1)
    await adrain(app)


async def is_accessible(page: Page) -> None:
    """See that axe finds nothing, in either theme."""
    for theme in THEMES:
        await page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        await expect(page.locator("html")).to_have_attribute("data-theme", theme)
        assert await axe(page) == []


@ON_BOTH
async def test_failures_of_three_kinds_lead_to_the_traceback(page: Page, site: Site, failing: TaskFlow) -> None:
    await fail(failing, 3, 6, 9, 4, 7, 5)
    await page.goto(site.url)
    # Three clicks: what needs attention, the group, its job.
    await page.get_by_role("link", name="3 new kinds of errors today").click()
    rows = page.get_by_role("table", name="Groups of errors").locator("tbody tr")
    await expect(rows).to_have_count(3)
    await page.get_by_role("link", name="LookupError order <number> not found").click()
    sample = page.get_by_role("region", name="Newest failure")
    await expect(sample.get_by_text("order 9 not found")).to_be_visible()
    await expect(sample.get_by_text('raise LookupError(f"order {order} not found")')).to_be_visible()
    await page.get_by_role("link", name="3 dead jobs").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Dead letters")
    await expect(page.locator("tbody tr")).to_have_count(3)
    await page.go_back()
    await sample.get_by_role("link", name="Open job").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("order.charge")
    await page.get_by_role("link", name="All failures of this kind").click()
    await expect(page.get_by_role("heading", name="LookupError", exact=True)).to_be_visible()


@ON_BOTH
async def test_all_dead_jobs_of_a_kind_are_retried_and_no_others(page: Page, site: Site, failing: TaskFlow) -> None:
    await fail(failing, 3, 6, 9, 4)
    await page.goto(site.url + "/errors")
    await page.get_by_role("link", name="LookupError order <number> not found").click()
    async with running([bulk_duty(failing.store, 0.1)]):
        await page.get_by_role("button", name="Retry all 3 dead jobs…").click()
        dialog = page.get_by_role("dialog", name="Retry 3 jobs?")
        await dialog.get_by_label("Reason").fill("the orders are there")
        await dialog.get_by_role("button", name="Retry 3 jobs").click()
        await expect(page.get_by_text("Retried 3 jobs", exact=True)).to_be_visible()
    assert await failing.jobs.acount("state:pending", seconds=60) == (3, True)
    assert await failing.jobs.acount("state:dead", seconds=60) == (1, True)
    (bulk,) = await failing.bulks.alist()
    assert (bulk.reason, bulk.done) == ("the orders are there", 3)


@ON_BOTH
async def test_a_resolved_error_opens_with_the_next_failure(page: Page, site: Site, failing: TaskFlow) -> None:
    await fail(failing, 3)
    await page.goto(site.url + "/errors")
    navigation = page.get_by_role("navigation", name="Main")
    await expect(navigation.get_by_role("link", name="Errors")).to_have_text("Errors1")
    await settled(page)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Resolve").click()
    await expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    await expect(navigation.get_by_role("link", name="Errors")).to_have_text("Errors")
    await page.get_by_role("link", name="All errors").click()
    await expect(page.get_by_text("No open errors")).to_be_visible()
    await fail(failing, 6)
    await page.reload()
    await expect(page.get_by_text("Occurred again")).to_be_visible()
    await page.get_by_role("link", name="LookupError order <number> not found").click()
    await expect(page.get_by_role("button", name="Resolve")).to_be_visible()
    await expect(page.get_by_text("Resolved by local")).to_be_visible()


@ON_BOTH
async def test_a_list_as_long_as_is_kept_says_so_and_a_deleted_error_leads_to_its_dead_jobs(
    page: Page, site: Site, failing: TaskFlow, watch: Watch
) -> None:
    watch.allow("404")  # the console tells of the group that does not exist
    await fail(failing, 3)
    (group,) = (await failing.errors.alist()).items
    # A program whose messages differ each time, as many as are kept beside the other.
    flood = [
        Occurrences(
            tenant=failing.tenant,
            task="order.charge",
            kind=ErrorKind(f"{number:016x}", "OrderError", f"order {number:b}"),
            count=1,
            first_age_ms=0,
            last_age_ms=0,
            job_id=UUID(int=number),
        )
        for number in range(MOST_GROUPS)
    ]
    await failing.store.errors.append(flood)
    await failing.store.errors.delete_excess(MOST_GROUPS, MOST_GROUPS)
    await page.goto(site.url + "/errors")
    await expect(page.get_by_role("note")).to_contain_text("Only 10,000 kinds of errors are kept")
    await is_accessible(page)
    await page.goto(f"{site.url}/errors/{group.fingerprint}")
    await expect(page.get_by_text("No such error")).to_be_visible()
    await page.get_by_role("link", name="Jobs that are dead of it").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Dead letters")
    await expect(page.locator("tbody tr")).to_have_count(1)


@ON_BOTH
async def test_a_release_before_opens_no_resolved_error_and_the_one_that_was_to_mend_it_does(
    page: Page, site: Site, failing: TaskFlow
) -> None:
    store = failing.store

    async def deployed(number: int) -> UUID:
        """Return the worker of a release that lives and runs the task."""
        info = msgspec.json.encode({"queues": ["orders"], "tasks": ["order.charge"], "tenants": []})
        worker = new_worker(UUID(int=number), 600_000, release=f"shop-{number}")
        await store.workers.register(msgspec.structs.replace(worker, info=info))
        return worker.id

    async def fails(worker: UUID) -> None:
        """Count a failure of a worker."""
        kind = ErrorKind("a" * 16, "LookupError", "order <number> not found")
        one = Occurrences(
            tenant=failing.tenant, task="order.charge", kind=kind, count=1, first_age_ms=0, last_age_ms=0, job_id=NOBODY
        )
        await store.errors.append([one], writer=worker)

    await store.intake.announce_tasks(failing.tenant, [TaskNotice("order.charge", b"{}")])
    old = await deployed(1)
    await fails(old)
    await page.goto(site.url + "/errors")
    await expect(page.get_by_text("New in shop-1")).to_be_visible()
    await page.get_by_role("link", name="LookupError order <number> not found").click()
    releases = page.get_by_role("region", name="Releases").locator("tbody tr")
    await expect(releases).to_have_count(1)
    new = await deployed(2)
    await page.get_by_role("button", name="Resolve").click()
    await expect(page.get_by_text("in shop-2", exact=True)).to_be_visible()
    await fails(old)
    await page.reload()
    await expect(releases).to_have_text([re.compile("^shop-12")])  # the second failure in shop-1
    await expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    await fails(new)
    await page.reload()
    await expect(releases).to_have_text([re.compile("^shop-21"), re.compile("^shop-12")])
    await expect(page.get_by_text("Occurred again")).to_be_visible()
    await expect(page.get_by_role("button", name="Resolve")).to_be_visible()
    await is_accessible(page)
