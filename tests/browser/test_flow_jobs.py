"""What people do with jobs, from the click to the store and back, on both engines where the engine has a say."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import OpenContext
from tests.browser.engines import ON_BOTH
from tests.browser.looking import settled
from tests.browser.site import Site, working
from tests.browser.watching import Watch

from taskflowmq import Handle
from taskflowmq.testing import adrain

ORDER = {"url": "https://hooks.example/orders", "body": {"order": 7}}


async def dead_job(site: Site, **args: Any) -> Handle[Any]:
    """Store a job and let it die."""
    handle = await site.app.asend("webhook.deliver", {**ORDER, **args}, max_attempts=1)
    await adrain(site.app)
    return handle


async def open_at(page: Page, site: Site, path: str) -> None:
    """Open a page and wait for its data."""
    await page.goto(site.url + path)
    await settled(page)


async def open_live(page: Page, site: Site, path: str) -> None:
    """Open a page and wait until it is told of changes."""
    await open_at(page, site, path)
    await expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()


def row_of(page: Page, handle: Handle[Any]) -> Locator:
    """The row of a job."""
    return page.locator(f'tr[data-row="{handle.id}"]')


def drawer_of(page: Page) -> Locator:
    """The job beside the list."""
    return page.get_by_role("complementary", name=re.compile("^Job "))


def search_of(page: Page) -> dict[str, str]:
    """The parameters in the address of a page."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


@ON_BOTH
async def test_a_job_is_enqueued_by_its_form_and_followed_to_its_end(page: Page, site: Site) -> None:
    await site.app.asend("report.render", {"month": "2026-01"})
    await adrain(site.app)  # a worker has announced the tasks
    await open_live(page, site, "/jobs")
    await page.get_by_role("button", name="Enqueue job").click()
    form = page.get_by_role("dialog", name="Enqueue a job")
    await form.get_by_label("Task").fill("report.render")
    await form.get_by_label("month").fill("2026-11")
    await form.get_by_label("pages").fill("few")
    await form.get_by_role("button", name="Enqueue", exact=True).click()
    await expect(form.get_by_text("This is no whole number.")).to_be_visible()
    await form.get_by_label("pages").fill("3")
    await form.get_by_role("button", name="Enqueue", exact=True).click()
    drawer = drawer_of(page)
    await expect(drawer.get_by_text("Pending", exact=True)).to_be_visible()
    async with working(site.app, "reports"):
        await expect(drawer.get_by_text("Completed", exact=True)).to_be_visible()
    await expect(drawer.get_by_text("Attempt 1 completed")).to_be_visible()
    await expect(page.locator("tr[aria-current=true]")).to_contain_text("Completed")


@ON_BOTH
async def test_new_jobs_wait_behind_a_count_until_they_are_wanted(page: Page, site: Site) -> None:
    first = await site.app.asend("report.render", {"month": "2026-01"})
    await open_live(page, site, "/jobs")
    await expect(row_of(page, first)).to_be_visible()
    second = await site.app.asend("report.render", {"month": "2026-02"})
    pill = page.get_by_role("button", name="1 new job")
    await expect(pill).to_be_visible()
    await expect(row_of(page, second)).to_have_count(0)
    await pill.click()
    await expect(row_of(page, second)).to_be_visible()
    await expect(pill).to_have_count(0)


@ON_BOTH
async def test_a_dead_job_is_retried_from_its_drawer_and_fails_again(page: Page, site: Site) -> None:
    dead = await dead_job(site)
    await open_live(page, site, "/jobs?state=dead")
    await row_of(page, dead).click()
    drawer = drawer_of(page)
    await expect(drawer.get_by_text("https://hooks.example/orders refused the connection")).to_be_visible()
    await drawer.get_by_role("button", name="Retry", exact=True).click()
    await expect(page.get_by_text("Retried webhook.deliver", exact=True)).to_be_visible()
    await expect(drawer.get_by_text("Pending", exact=True)).to_be_visible()
    await adrain(site.app)
    await expect(drawer.get_by_text("Dead", exact=True)).to_be_visible()
    await drawer.get_by_role("tab", name="Attempts 2").click()
    rounds = drawer.get_by_role("row").filter(has_text="failed")
    await expect(rounds).to_have_count(2)
    await expect(rounds.first).to_contain_text("2.1")
    await rounds.last.get_by_role("button", name="of attempt 1.1").click()
    await expect(drawer.get_by_text("attempt 1.1", exact=True)).to_be_visible()


@ON_BOTH
async def test_a_dead_job_is_edited_and_replayed_and_both_link_to_each_other(page: Page, site: Site) -> None:
    dead = await dead_job(site)
    await open_at(page, site, f"/jobs/{dead.id}")
    await page.get_by_role("button", name="Edit and retry…").click()
    form = page.get_by_role("dialog", name="Edit and retry webhook.deliver")
    url = form.get_by_label("url")
    await expect(url).to_have_value("https://hooks.example/orders")
    await url.fill("https://hooks.example/other")
    await form.get_by_label("Reason").fill("moved")
    await form.get_by_role("button", name="Enqueue copy").click()
    await expect(page.get_by_text("Enqueued a copy of webhook.deliver", exact=True)).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text("https://hooks.example/other")
    (copy,) = await site.app.jobs.areplays(dead.id)
    assert page.url.endswith(f"/jobs/{copy}")
    await page.get_by_role("link", name=str(dead.id)[-8:]).click()
    await expect(page.get_by_role("main")).to_contain_text("https://hooks.example/orders")
    await expect(page.get_by_role("link", name=str(copy)[-8:])).to_be_visible()
    assert (await dead.ajob()).state == "dead"


@ON_BOTH
async def test_a_hidden_argument_is_shown_nowhere_and_kept_by_a_copy(page: Page, site: Site, watch: Watch) -> None:
    watch.allow("422")  # the console tells of the filter that is refused
    received: list[tuple[str, int, dict[str, Any]]] = []

    @site.app.task(name="account.open", redact=["card.number", "limit"])
    async def open_account(name: str, limit: int, card: dict[str, Any]) -> None:
        received.append((name, limit, card))

    card = {"number": "4111-1111", "holder": "Ann"}
    job = await open_account.aenqueue("ann", 70_123, card)
    await open_at(page, site, "/jobs")
    await expect(row_of(page, job)).to_contain_text("••• (redacted)")
    await open_at(page, site, f"/jobs/{job.id}")
    main = page.get_by_role("main")
    await expect(main).to_contain_text("••• (redacted)")
    await page.get_by_role("button", name="Edit and retry…").click()
    form = page.get_by_role("dialog", name="Edit and retry account.open")
    await expect(form.get_by_label("limit")).to_have_value("")
    await form.get_by_label("name").fill("bob")
    await expect(form.get_by_label("card")).to_have_value(re.compile("redacted"))
    for text in ("4111-1111", "70123"):
        await expect(page.get_by_text(text)).to_have_count(0)
    await form.get_by_role("button", name="Enqueue copy").click()
    await expect(page.get_by_text("Enqueued a copy of account.open", exact=True)).to_be_visible()
    await adrain(site.app)
    assert sorted(received) == [("ann", 70_123, card), ("bob", 70_123, card)]
    await open_at(page, site, "/jobs?q=args.limit%3A70123")
    await expect(page.get_by_text("args.limit is redacted by the rule account.open:limit").first).to_be_visible()


async def test_a_copy_with_another_address_asks_for_the_hidden_values_again(
    page: Page, site: Site, watch: Watch
) -> None:
    watch.allow("422")  # the console tells of the copy that is refused

    @site.app.task(name="hook.send")
    async def send_hook(url: str, token: str) -> None: ...

    job = await send_hook.aenqueue("https://a.test/", "t0k-en-4711")
    await open_at(page, site, f"/jobs/{job.id}")
    await page.get_by_role("button", name="Edit and retry…").click()
    form = page.get_by_role("dialog", name="Edit and retry hook.send")
    await form.get_by_label("url").fill("https://b.test/")
    await form.get_by_role("button", name="Enqueue copy").click()
    await expect(form.get_by_text("enter them again, here /args/token").first).to_be_visible()
    await expect(form.get_by_label("url")).to_have_attribute("aria-invalid", "true")
    await form.get_by_label("token").fill("mine")
    await form.get_by_role("button", name="Enqueue copy").click()
    await expect(page.get_by_text("Enqueued a copy of hook.send", exact=True)).to_be_visible()


@ON_BOTH
async def test_a_pending_job_is_put_off_and_run_at_last(page: Page, site: Site) -> None:
    handle = await site.app.asend("report.render", {"month": "2026-02"})
    await open_live(page, site, f"/jobs?job={handle.id}")
    drawer = drawer_of(page)
    await expect(drawer.get_by_text("No job is ahead of it")).to_be_visible()
    await drawer.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Reschedule…").click()
    dialog = page.get_by_role("dialog", name="Reschedule report.render")
    await dialog.get_by_label("Due at").fill("2100-01-02T07:30")
    await dialog.get_by_label("Reason").fill("after the night run")
    await dialog.get_by_role("button", name="Reschedule job").click()
    await expect(drawer.get_by_text("Scheduled", exact=True)).to_be_visible()
    assert (await handle.ajob()).run_at.year == 2100
    (entry,) = (await site.app.audit.alist(action="job.reschedule")).items
    assert entry.act.by.reason == "after the night run"
    await drawer.get_by_role("button", name="Run now").click()
    await expect(drawer.get_by_text("Pending", exact=True)).to_be_visible()
    await adrain(site.app)
    await expect(drawer.get_by_text("Completed", exact=True)).to_be_visible()


@ON_BOTH
async def test_a_running_job_is_cancelled_and_says_when_it_stopped(page: Page, site: Site) -> None:
    job = await site.app.asend("video.encode", {"source": "a.mov"})
    async with working(site.app, "video"):
        await open_live(page, site, f"/jobs/{job.id}")
        await expect(page.get_by_text("Running", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Cancel", exact=True).click()
        await page.get_by_role("dialog").get_by_label("Reason").fill("wrong source")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Asked video.encode to stop", exact=True)).to_be_visible()
        await expect(page.get_by_role("main").get_by_text("Cancelled", exact=True).first).to_be_visible()
    assert (await job.ajob()).state == "cancelled"
    (entry,) = (await site.app.audit.alist(action="job.cancel")).items
    assert entry.act.by.reason == "wrong source"


@ON_BOTH
async def test_lines_of_a_running_job_appear_as_it_writes_them(page: Page, site: Site) -> None:
    job = await site.app.asend("video.encode", {"source": "a.mov"})
    await open_live(page, site, f"/jobs/{job.id}?tab=logs")
    await expect(page.get_by_text("The job has not started.")).to_be_visible()
    async with working(site.app, "video"):
        lines = page.get_by_role("log")
        await expect(lines.get_by_text("frame 25", exact=True)).to_be_visible()
        await expect(page.get_by_role("tab", name="Logs")).to_contain_text(re.compile("[1-9]"))
        await page.get_by_role("button", name="Pause").click()
        await expect(page.get_by_role("button", name="Follow")).to_be_visible()
        await page.get_by_role("tab", name="Overview").click()
        await expect(page.get_by_text("frame 40 of 100")).to_be_visible()


async def test_the_log_of_a_failed_job_is_read_by_attempt_level_and_text(page: Page, site: Site) -> None:
    job = await dead_job(site)
    await site.app.jobs.aretry(job.id)
    await adrain(site.app)
    await open_at(page, site, f"/jobs/{job.id}?tab=logs")
    lines = page.get_by_role("log")
    await expect(lines).to_contain_text("Attempt 1 of round 2")
    await expect(lines.get_by_text("POST")).to_have_count(2)
    await page.get_by_role("combobox", name="Attempts").click()
    await page.get_by_role("option", name="Attempt 1 of round 2").click()
    await expect(lines.get_by_text("POST")).to_have_count(1)
    await page.get_by_role("combobox", name="Lowest level").click()
    await page.get_by_role("option", name="Error and above").click()
    await expect(lines.get_by_text("POST")).to_have_count(0)
    await expect(lines).to_contain_text("connection refused after 3 tries")
    assert search_of(page)["log"] == "error 2.1"
    await page.get_by_role("searchbox", name="Search the log").fill("no such text")
    await expect(page.get_by_text("No line matches")).to_be_visible()
    await page.get_by_role("button", name="Show all lines").click()
    await expect(lines.get_by_text("POST")).to_have_count(2)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download the log").click()
    file = await download.value
    assert file.suggested_filename == f"job-{job.id}.log"
    assert "connection refused after 3 tries" in (await file.path()).read_text()


async def test_a_waiting_job_is_cancelled_from_the_menu_of_its_row(page: Page, site: Site) -> None:
    job = await site.app.asend("mail.send", {"to": "ada@example.com"}, delay=3600)
    await open_at(page, site, "/jobs")
    row = row_of(page, job)
    await row.hover()
    await row.get_by_role("button", name="Actions for mail.send").click()
    await page.get_by_role("menuitem", name=re.compile("^Cancel")).click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel 1 job").click()
    await expect(row).to_contain_text("Cancelled")
    assert (await job.ajob()).state == "cancelled"


async def test_a_job_is_deleted_after_a_question(page: Page, site: Site) -> None:
    job = await dead_job(site)
    await open_at(page, site, f"/jobs/{job.id}")
    await page.get_by_role("button", name="Delete").click()
    question = page.get_by_role("alertdialog").or_(page.get_by_role("dialog"))
    await question.get_by_role("button", name="Back").click()
    await expect(question).to_have_count(0)
    await page.get_by_role("button", name="Delete").click()
    await question.get_by_role("button", name="Delete 1 job").click()
    await expect(page.get_by_text("This job was deleted")).to_be_visible()
    await expect(page.get_by_role("button", name="Retry", exact=True)).to_have_attribute("aria-disabled", "true")


@ON_BOTH
async def test_all_rows_of_a_page_are_selected_and_retried(page: Page, site: Site) -> None:
    for number in range(3):
        await site.app.asend("webhook.deliver", {**ORDER, "body": {"order": number}}, max_attempts=1)
    await adrain(site.app)
    await open_live(page, site, "/jobs?state=dead")
    await page.get_by_role("checkbox", name="Select all rows shown").check()
    bar = page.get_by_role("region", name="3 selected")
    await bar.get_by_role("button", name="Retry", exact=True).click()
    await expect(page.get_by_text("Retried 3 jobs", exact=True)).to_be_visible()
    await expect(bar).to_have_count(0)
    states = page.get_by_role("navigation", name="States")
    await expect(states.get_by_role("link", name="Pending 3")).to_be_visible()
    await expect(states.get_by_role("link", name="Dead 0")).to_be_visible()


async def test_a_filter_is_typed_stands_in_the_address_and_is_taken_back(page: Page, site: Site) -> None:
    mail = await site.app.asend("mail.send", {"to": "ada@example.com"}, tags=["eu"])
    report = await site.app.asend("report.render", {"month": "2026-01"})
    await open_at(page, site, "/jobs")
    await page.get_by_role("combobox", name="Filter").fill("queue:mail tag:eu")
    await page.keyboard.press("Enter")
    await expect(row_of(page, report)).to_have_count(0)
    await expect(row_of(page, mail)).to_be_visible()
    assert search_of(page) == {"queue": "mail", "tag": "eu"}
    await page.get_by_role("button", name="Remove tag:eu").click()
    await page.get_by_role("button", name="Clear filter").click()
    await expect(row_of(page, report)).to_be_visible()
    assert search_of(page) == {}


@ON_BOTH
async def test_an_export_has_what_the_list_shows(page: Page, site: Site) -> None:
    await site.app.asend("mail.send", {"to": "ada@example.com"}, tags=["eu"])
    await site.app.asend("report.render", {"month": "2026-01"})
    await site.app.asend("mail.send", {"to": "bob@example.com"})
    await open_at(page, site, "/jobs?queue=mail&q=args.to:ada@example.com,bob@example.com&sort=oldest")
    rows = page.locator("tr[data-row]")
    await expect(rows).to_have_count(2)
    shown = [await rows.nth(n).get_attribute("data-row") for n in range(2)]
    await page.get_by_role("button", name="Export").click()
    async with page.expect_download() as started:
        await page.get_by_role("menuitem", name="CSV").click()
    file = await started.value
    assert file.suggested_filename == "jobs.csv"
    text = await asyncio.to_thread(Path(await file.path()).read_text)
    assert [row["id"] for row in csv.DictReader(io.StringIO(text, newline=""))] == shown


async def test_the_order_turns_and_stands_in_the_address(page: Page, site: Site) -> None:
    jobs = [await site.app.asend("report.render", {"month": f"2026-0{n}"}) for n in range(1, 4)]
    await open_at(page, site, "/jobs")
    rows = page.locator("tr[data-row]")
    await expect(rows.first).to_have_attribute("data-row", str(jobs[-1].id))
    await page.get_by_role("button", name="Created").click()
    await expect(rows.first).to_have_attribute("data-row", str(jobs[0].id))
    assert search_of(page) == {"sort": "oldest"}
    await page.reload()
    await expect(rows.first).to_have_attribute("data-row", str(jobs[0].id))


@ON_BOTH
async def test_scrolling_brings_the_next_pages_down_to_the_oldest_job(page: Page, site: Site) -> None:
    oldest = await site.app.asend("report.render", {"month": "2020-01"})
    render = site.app.tasks["report.render"]
    await site.app.aenqueue_many([render.job(month=f"month {number}") for number in range(250)])
    await open_at(page, site, "/jobs")
    await page.locator("tr[data-row]").first.focus()
    # The head of the table is its first row, and a page of the list has 100.
    for last in (101, 201, 252):
        await page.keyboard.press("End")
        await expect(page.locator(f'tr[aria-rowindex="{last}"]')).to_be_focused()
        if last < 252:
            await expect(page.locator(f'tr[aria-rowindex="{last + 1}"]')).to_be_attached()
    await expect(row_of(page, oldest)).to_be_focused()


async def test_a_link_opens_the_list_the_job_and_its_tab(page: Page, site: Site) -> None:
    dead = await dead_job(site)
    await site.app.asend("report.render", {"month": "2026-01"})
    await open_at(page, site, f"/jobs?state=dead&job={dead.id}&tab=attempts")
    await expect(page.locator("tr[data-row]")).to_have_count(1)
    await expect(row_of(page, dead)).to_have_attribute("aria-current", "true")
    await expect(drawer_of(page).get_by_role("tab", name="Attempts 1")).to_have_attribute("aria-selected", "true")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Dead letters")


async def test_back_and_forward_restore_what_was_seen(page: Page, site: Site) -> None:
    dead = await dead_job(site)
    other = await site.app.asend("report.render", {"month": "2026-01"})
    await open_at(page, site, "/jobs")
    await page.get_by_role("navigation", name="States").get_by_role("link", name="Dead 1").click()
    await expect(row_of(page, other)).to_have_count(0)
    await row_of(page, dead).click()
    await expect(drawer_of(page)).to_be_visible()
    await page.go_back()
    await expect(drawer_of(page)).to_have_count(0)
    await expect(row_of(page, other)).to_have_count(0)
    await page.go_back()
    await expect(row_of(page, other)).to_be_visible()
    await page.go_forward()
    await expect(row_of(page, other)).to_have_count(0)
    await page.go_forward()
    await expect(drawer_of(page).get_by_role("heading", name="webhook.deliver")).to_be_visible()


async def test_dead_letters_are_counted_in_the_navigation_while_there_are_any(page: Page, site: Site) -> None:
    dead = await dead_job(site)
    await open_live(page, site, "/")
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Dead letters")
    await expect(link).to_contain_text("1")
    await link.click()
    await expect(row_of(page, dead)).to_be_visible()
    await expect(link).to_have_attribute("aria-current", "page")
    await site.app.jobs.aretry(dead.id)
    await expect(row_of(page, dead)).to_contain_text("Pending")
    await expect(link).to_have_text("Dead letters")


async def test_a_copied_curl_command_reads_the_same_job(open_context: OpenContext, site: Site) -> None:
    job = await dead_job(site)
    context = await open_context(permissions=["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    await open_at(page, site, f"/jobs/{job.id}")
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="cURL").click()
    await expect(page.get_by_text("Copied as cURL", exact=True)).to_be_visible()
    command: str = await page.evaluate("navigator.clipboard.readText()")
    curl, address = command.split()
    assert curl == "curl"
    async with httpx.AsyncClient() as client:
        assert (await client.get(address)).json()["id"] == str(job.id)


async def test_a_payload_is_shown_with_every_digit(page: Page, site: Site) -> None:
    job = await site.app.asend("webhook.deliver", {**ORDER, "body": {"order": 9_007_199_254_740_993}})
    await open_at(page, site, f"/jobs/{job.id}")
    await page.get_by_role("tab", name="Payload").click()
    await expect(page.get_by_role("tabpanel")).to_contain_text("9007199254740993")


async def test_columns_are_chosen_and_remembered(page: Page, site: Site) -> None:
    await site.app.asend("report.render", {"month": "2026-01"}, priority=3)
    await open_at(page, site, "/jobs")
    await page.get_by_role("button", name="Columns").click()
    await page.get_by_role("menuitemcheckbox", name="Priority").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("columnheader", name="Priority")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("columnheader", name="Priority")).to_be_visible()


async def test_keys_alone_find_open_select_and_cancel_jobs(page: Page, site: Site) -> None:
    first = await site.app.asend("mail.send", {"to": "ada@example.com"}, delay=3600)
    second = await site.app.asend("mail.send", {"to": "bob@example.com"}, delay=3600)
    report = await site.app.asend("report.render", {"month": "2026-01"})
    await open_at(page, site, "/")
    keys = page.keyboard
    await keys.press("g")
    await keys.press("j")
    await expect(row_of(page, second)).to_be_visible()
    await keys.press("/")
    await expect(page.get_by_role("combobox", name="Filter")).to_be_focused()
    await keys.type("queue:mail")
    await keys.press("Enter")
    await expect(row_of(page, report)).to_have_count(0)
    await keys.press("Escape")
    await expect(page.get_by_role("combobox", name="Filter")).not_to_be_focused()
    await keys.press("j")
    await expect(row_of(page, second)).to_be_focused()
    await keys.press("j")
    await expect(row_of(page, first)).to_be_focused()
    await keys.press("Enter")
    drawer = drawer_of(page)
    await expect(drawer).to_be_visible()
    await keys.press("]")
    await expect(drawer.get_by_role("tab", name="Attempts 0")).to_have_attribute("aria-selected", "true")
    await keys.press("Escape")
    await expect(drawer).to_have_count(0)
    await expect(row_of(page, first)).to_be_focused()
    await keys.press("x")
    await keys.press("k")
    await keys.press("x")
    await expect(page.get_by_role("region", name="2 selected")).to_be_visible()
    await keys.press("c")
    await expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    await keys.press("Enter")
    await expect(page.get_by_text("Cancelled 2 jobs", exact=True)).to_be_visible()
    assert [(await job.ajob()).state for job in (first, second)] == ["cancelled", "cancelled"]
