"""What people do beside jobs: sign in, move about, pause a queue, choose a look, and meet a server that comes back."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect
from tests.browser.conftest import OpenContext, Serve
from tests.browser.engines import ON_BOTH
from tests.browser.looking import axe, settled
from tests.browser.site import Site, seed, served, working
from tests.browser.watching import Watch
from tests.server.conftest import KEY

from taskflowmq.testing import adrain

VIEWER = "vQ3wK8-nY2_xT5bJ7uM1cR6zL9pH4sG0aFdEe"


async def sign_in(page: Page, key: str) -> None:
    """Give a key to the page that asks for one."""
    await page.get_by_label("API key").fill(key)
    await page.keyboard.press("Enter")


async def test_a_key_opens_the_page_that_was_wanted_and_signing_out_closes_it(
    page: Page, serve: Serve, watch: Watch
) -> None:
    watch.allow("40[13]")  # the console tells of the key that was refused
    site = await serve(api_keys=(KEY,))
    await page.goto(site.url + "/queues")
    await sign_in(page, "not-a-key-of-this-server-0000000000000")
    await expect(page.get_by_text("The server refused this key.")).to_be_visible()
    await sign_in(page, KEY)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Queues")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Queues")
    await page.get_by_role("button", name="Account and appearance").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_viewer_reads_everything_and_is_told_why_nothing_can_be_done(page: Page, serve: Serve) -> None:
    site = await serve(api_keys=(f"viewer:{VIEWER}", KEY))
    job = await site.app.asend("webhook.deliver", {"url": "https://hooks.example", "body": {}}, max_attempts=1)
    await adrain(site.app)
    await page.goto(f"{site.url}/jobs?job={job.id}")
    await sign_in(page, VIEWER)
    retry = page.get_by_role("button", name="Retry", exact=True)
    await expect(retry).to_have_attribute("aria-disabled", "true")
    await retry.hover()
    await expect(page.get_by_role("tooltip")).to_contain_text("Needs jobs:write; your role is viewer")
    await retry.click(force=True)
    await page.keyboard.press("r")
    await page.keyboard.press("e")
    await expect(page.get_by_role("button", name="Enqueue job")).to_have_attribute("aria-disabled", "true")
    await page.goto(site.url + "/queues")
    await expect(page.get_by_role("button", name="Pause webhooks")).to_have_attribute("aria-disabled", "true")
    assert (await job.ajob()).state == "dead"


@ON_BOTH
async def test_a_pause_with_a_reason_is_found_in_the_audit(page: Page, site: Site) -> None:
    await seed(site.app)
    await page.goto(site.url + "/queues")
    await page.locator('tr[data-row="reports"]').get_by_role("button", name="Pause reports").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Reason").fill("provider is down")
    await dialog.get_by_role("button", name="Pause queue").click()
    await expect(page.get_by_text("Paused by local")).to_be_visible()
    await site.app.jobs.aretry((await site.app.jobs.alist(state="scheduled", limit=1)).items[0].id)
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Audit").click()
    rows = page.locator("tr[data-row]")
    await expect(rows).to_have_count(2)
    await page.get_by_role("searchbox", name="Filter").fill("queue:reports")
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("provider is down")
    await rows.get_by_text("provider is down").click()
    drawer = page.get_by_role("complementary", name="Act queue.pause")
    await expect(drawer.get_by_role("heading", name="queue:reports")).to_be_visible()
    await expect(drawer).to_contain_text('"reason": "provider is down"')
    await page.reload()
    await expect(drawer.get_by_role("heading", name="queue:reports")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(drawer).to_have_count(0)
    await page.get_by_role("button", name="Remove object:queue:reports").click()
    await expect(rows).to_have_count(2)


async def test_where_a_reason_is_required_every_act_waits_for_one(page: Page, serve: Serve) -> None:
    site = await serve(require_reason=True)
    job = await seed(site.app)
    await page.goto(f"{site.url}/jobs/{job.id}")
    await page.get_by_role("button", name="Retry", exact=True).click()
    dialog = page.get_by_role("dialog", name="Retry 1 job?")
    verb = dialog.get_by_role("button", name="Retry 1 job")
    await expect(verb).to_be_disabled()
    await expect(dialog.get_by_text("required", exact=True)).to_be_visible()
    found = await axe(page)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert found + await axe(page) == []
    await dialog.get_by_label("Reason").fill("provider is back")
    await verb.click()
    await expect(page.get_by_text("Retried webhook.deliver", exact=True)).to_be_visible()
    await page.goto(f"{site.url}/queues")
    row = page.locator('tr[data-row="reports"]')
    for act, why in (("Pause", "month end"), ("Resume", "it is over")):
        await row.get_by_role("button", name=f"{act} reports").click()
        await expect(page.get_by_role("dialog").get_by_role("button", name=f"{act} queue")).to_be_disabled()
        await page.get_by_role("dialog").get_by_label("Reason").fill(why)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(row.get_by_text("Paused by local")).to_have_count(1 if act == "Pause" else 0)
    await page.goto(f"{site.url}/audit")
    rows = page.locator("tr[data-row]")
    await expect(rows).to_have_count(3)
    for why in ("provider is back", "month end", "it is over"):
        await expect(rows.get_by_text(why, exact=True)).to_be_visible()


@ON_BOTH
async def test_a_paused_queue_keeps_its_jobs_until_it_is_resumed(page: Page, site: Site) -> None:
    await site.app.asend("report.render", {"month": "2026-01"})
    await adrain(site.app)
    await page.goto(site.url + "/queues")
    row = page.locator('tr[data-row="reports"]')
    await row.get_by_role("button", name="Pause reports").click()
    await page.get_by_role("dialog").get_by_role("button", name="Pause queue").click()
    await expect(row.get_by_text("Paused by local")).to_be_visible()
    job = await site.app.asend("report.render", {"month": "2026-02"})
    async with working(site.app, "reports"):
        await expect(row.get_by_role("link", name="1", exact=True)).to_be_visible()
        assert (await job.ajob()).state == "pending"
        await row.get_by_role("button", name="Resume reports").click()
        await page.get_by_role("dialog").get_by_role("button", name="Resume queue").click()
        await expect(row.get_by_text("Paused by local")).to_have_count(0)
        assert await job.aresult(timeout=30) == {"month": "2026-02", "pages": 1}
        await expect(row.get_by_role("link", name="0", exact=True)).to_be_visible()


async def test_the_page_of_a_queue_shows_who_serves_it_and_pauses_it(page: Page, site: Site) -> None:
    for month in ("2026-01", "2026-02"):
        await site.app.asend("report.render", {"month": month})
    await site.app.asend("mail.send", {"to": "ada@example.com"}, delay=3600)
    await page.goto(site.url + "/queues")
    await page.get_by_role("link", name="reports", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("reports")
    figures = page.get_by_label("Figures of the queue")
    await expect(figures.get_by_text("2", exact=True)).to_be_visible()
    await expect(page.get_by_text("No worker serves this queue")).to_be_visible()
    await page.get_by_role("button", name="Pause…").click()
    await page.get_by_role("dialog").get_by_label("Reason").fill("month end")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Paused by local")).to_be_visible()
    async with working(site.app, "reports"):
        served = page.get_by_role("table", name="Workers that serve it")
        await expect(served.get_by_role("link")).to_have_count(1, timeout=30_000)
        await page.get_by_role("button", name="Resume…").click()
        await page.get_by_role("dialog").get_by_role("button", name="Resume queue").click()
        await expect(figures.get_by_text("nothing waits")).to_be_visible(timeout=30_000)
    await page.get_by_role("link", name="Show jobs").click()
    await expect(page).to_have_url(site.url + "/jobs?queue=reports")
    await page.goto(site.url + "/queues/nobody")
    await expect(page.get_by_text("No queue “nobody”")).to_be_visible()


async def test_the_system_page_names_a_duty_that_fails(page: Page, site: Site) -> None:
    await site.app.store.upkeep.note_failure("pruner", "permission denied for table job")
    await page.goto(site.url + "/")
    await settled(page)
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="System").click()
    duties = page.get_by_role("region", name="Periodic duties")
    await expect(duties.get_by_role("row", name=re.compile("^pruner"))).to_contain_text("permission denied")
    checks = page.get_by_role("list", name="Checks").get_by_role("listitem")
    await expect(checks.filter(has_text="permission denied for table job")).to_contain_text("Warning")
    await expect(page.get_by_role("region", name="Store")).to_contain_text(re.compile("SQLite|PostgreSQL"))


async def test_the_palette_leads_to_a_page_and_to_a_job(page: Page, site: Site) -> None:
    job = await site.app.asend("report.render", {"month": "2026-01"})
    await page.goto(site.url + "/jobs")
    await settled(page)
    await page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Command palette")
    await palette.get_by_role("combobox").fill("queues")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Queues")
    await page.get_by_role("button", name=re.compile("^Search or run")).click()
    await palette.get_by_role("combobox").fill(str(job.id))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("report.render")


async def test_keys_alone_enqueue_a_job(page: Page, site: Site) -> None:
    await site.app.asend("report.render", {"month": "2026-01"})
    await adrain(site.app)
    await page.goto(site.url + "/workers")
    await settled(page)
    keys = page.keyboard
    await keys.press("e")
    form = page.get_by_role("dialog", name="Enqueue a job")
    await expect(form.get_by_label("Task")).to_be_visible()
    await keys.press("t")  # in a dialog a single key is a letter: the theme stays
    task = form.get_by_label("Task")
    while not await task.evaluate("element => element === document.activeElement"):
        await keys.press("Tab")
    await keys.press("ControlOrMeta+a")
    await keys.type("report.render")
    month = form.get_by_label("month")
    while not await month.evaluate("element => element === document.activeElement"):
        await keys.press("Tab")
    await keys.type("2026-12")
    await keys.press("Enter")
    await expect(page.get_by_text("Enqueued report.render", exact=True)).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")


async def test_theme_and_density_are_chosen_and_remembered(page: Page, site: Site) -> None:
    await page.goto(site.url + "/queues")
    await settled(page)
    root = page.locator("html")
    await expect(root).to_have_attribute("data-theme", "light")
    await page.keyboard.press("t")
    await page.keyboard.press("d")
    await expect(root).to_have_attribute("data-theme", "dark")
    await expect(root).to_have_attribute("data-density", "compact")
    await page.reload()
    await expect(root).to_have_attribute("data-theme", "dark")
    await expect(root).to_have_attribute("data-density", "compact")
    await page.get_by_role("button", name="Switch to the light theme").click()
    await expect(root).to_have_attribute("data-theme", "light")


async def test_single_keys_can_be_switched_off(page: Page, site: Site) -> None:
    await page.goto(site.url + "/queues")
    await settled(page)
    await page.get_by_role("button", name="Account and appearance").click()
    await page.get_by_role("menuitemcheckbox", name="Single-key shortcuts").click()
    await page.keyboard.press("Escape")
    await page.keyboard.press("t")
    await page.keyboard.press("Control+k")  # answered after the key before it
    await expect(page.get_by_role("dialog", name="Command palette")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")


async def test_an_address_that_does_not_exist_leads_back(page: Page, site: Site) -> None:
    await site.app.asend("report.render", {"month": "2026-01"})
    await page.goto(site.url + "/nowhere")
    await expect(page.get_by_role("heading", name="No such page")).to_be_visible()
    await page.get_by_role("link", name="Go to the overview").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    await expect(page.get_by_text("Throughput")).to_be_visible()


@ON_BOTH
async def test_the_first_run_ticks_off_its_steps_and_becomes_the_overview(page: Page, site: Site) -> None:
    await page.goto(site.url)
    await expect(page.get_by_role("heading", name="Run your first job")).to_be_visible()
    await expect(page.get_by_text("Waits for a worker")).to_be_visible()
    async with working(site.app):
        await expect(page.get_by_text(re.compile(r"Worker \w+ on .+ is ready: 4 slots"))).to_be_visible()
        await page.get_by_role("button", name="Enqueue your first job", exact=True).click()
        form = page.get_by_role("dialog", name="Enqueue a job")
        await form.get_by_label("Task").fill("report.render")
        await form.get_by_label("month").fill("2026-11")
        await form.get_by_role("button", name="Enqueue", exact=True).click()
        await expect(page.get_by_role("region", name="Needs attention")).to_be_visible()
        await expect(page.get_by_text("All quiet")).to_be_visible()


async def test_what_needs_attention_leads_to_its_cause(page: Page, site: Site) -> None:
    await seed(site.app)
    await page.goto(site.url)
    attention = page.get_by_role("region", name="Needs attention")
    await attention.get_by_text("No worker serves reports").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("reports")
    await expect(page.get_by_text("No worker serves this queue")).to_be_visible()
    await page.go_back()
    await attention.get_by_text("2 jobs died in the last hour").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Dead letters")
    await expect(page.locator("tr[data-row]")).to_have_count(2)


async def test_a_worker_appears_with_its_job_and_ends_before_the_eyes(page: Page, site: Site) -> None:
    await site.app.asend("video.encode", {"source": "a.mov"})
    await page.goto(site.url + "/workers")
    await expect(page.get_by_text("No worker lives")).to_be_visible()
    async with working(site.app, "video"):
        row = page.get_by_role("row").filter(has_text="video")
        await expect(row.get_by_role("img", name="1 of 4 slots busy")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="Ended")).to_be_visible()


async def test_updates_are_paused_and_caught_up(page: Page, open_context: OpenContext, site: Site) -> None:
    job = await site.app.asend("report.render", {"month": "2026-01"})
    other = await (await open_context()).new_page()
    for one in (page, other):
        await one.goto(site.url + "/jobs")
    row, followed = (one.locator(f'tr[data-row="{job.id}"]') for one in (page, other))
    await expect(row).to_contain_text("Pending")
    await page.get_by_role("button", name="Live", exact=True).click()
    badge = page.get_by_role("button", name="Paused", exact=True)
    await expect(badge).to_be_visible()
    await adrain(site.app)
    await expect(followed).to_contain_text("Completed")
    await expect(row).to_contain_text("Pending")
    await badge.click()
    await expect(row).to_contain_text("Completed")


async def test_a_server_that_went_away_and_came_back_is_caught_up_with(page: Page, serve: Serve, watch: Watch) -> None:
    watch.allow("Failed to load resource|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED")
    app = (await serve()).app  # opened by the fixture; the server of this test is another one
    job = await app.asend("report.render", {"month": "2026-01"})
    async with served(app) as site:
        await page.goto(site.url + "/jobs")
        await expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()
        port = int(site.url.rpartition(":")[2])
    await expect(page.get_by_role("button", name=re.compile("^Reconnecting"))).to_be_visible()
    await expect(page.locator(f'tr[data-row="{job.id}"]')).to_be_visible()
    await adrain(app)
    async with served(app, port=port):
        await expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()
        await expect(page.locator(f'tr[data-row="{job.id}"]')).to_contain_text("Completed")


async def test_a_narrow_page_has_its_navigation_behind_a_button(open_context: OpenContext, site: Site) -> None:
    job = await site.app.asend("report.render", {"month": "2026-01"})
    page = await (await open_context(viewport={"width": 360, "height": 740})).new_page()
    await page.goto(site.url + "/queues")
    await page.get_by_role("button", name="Open navigation").click()
    await page.get_by_role("dialog", name="Main").get_by_role("link", name="Jobs", exact=True).click()
    await expect(page.get_by_role("dialog", name="Main")).to_have_count(0)
    await page.locator(f'tr[data-row="{job.id}"]').click()
    over = page.get_by_role("dialog", name="Job report.render")
    await expect(over.get_by_role("heading", name="report.render", exact=True)).to_be_visible()
    width: int = await page.evaluate("document.documentElement.scrollWidth")
    assert width == 360
    await page.keyboard.press("Escape")
    await expect(over).to_have_count(0)
