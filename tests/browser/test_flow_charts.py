"""The history as charts: read as a table, taken as a file; the address that scrapers ask stays theirs."""

from __future__ import annotations

import csv
import io
import re
import socket

import httpx
from playwright.async_api import Page, expect
from tests.browser.engines import ON_BOTH
from tests.browser.site import Site, seed


@ON_BOTH
async def test_a_chart_is_read_as_a_table_and_saved_as_a_file(page: Page, site: Site) -> None:
    await seed(site.app)
    await page.goto(site.url + "/charts?range=1h")
    title = "Attempts ended per minute"
    ended = page.get_by_role("region", name=title, exact=True)
    await expect(ended.get_by_role("img", name=title)).to_be_visible()
    await ended.get_by_role("button", name=f"Show {title} as a table").click()
    await expect(ended.get_by_role("columnheader", name="dead")).to_be_visible()
    await expect(ended.locator("tbody tr")).to_have_count(60)
    async with page.expect_download() as download:
        await ended.get_by_role("button", name=f"Save {title} as CSV").click()
    saved = await download.value
    assert saved.suggested_filename == "attempts-ended-per-minute.csv"
    text = (await saved.path()).read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 60
    assert {name: sum(int(row[name]) for row in rows) for name in ("completed", "retried", "dead")} == {
        "completed": 12,
        "retried": 1,
        "dead": 2,
    }


@ON_BOTH
async def test_a_release_is_marked_in_charts_their_tables_and_their_files(page: Page, site: Site) -> None:
    await seed(site.app)
    await page.goto(site.url + "/?range=1h")
    title = "Attempts ended per minute"
    ended = page.get_by_role("region", name=title, exact=True)
    await expect(ended.get_by_role("img", name=title, exact=True)).to_be_visible()
    await site.app.store.workers.announce_release("shop-2.5.0", age_ms=20 * 60_000)
    await page.goto(site.url + "/charts?range=1h")
    marked = page.get_by_role("img", name=re.compile(r"\. Release: shop-2\.5\.0 at "))
    await expect(marked).to_have_count(5)
    await ended.get_by_role("button", name=f"Show {title} as a table").click()
    await expect(ended.get_by_role("columnheader", name="Release")).to_be_visible()
    await expect(ended.get_by_role("cell", name="shop-2.5.0", exact=True)).to_have_count(1)
    async with page.expect_download() as download:
        await ended.get_by_role("button", name=f"Save {title} as CSV").click()
    rows = list(csv.DictReader(io.StringIO((await (await download.value).path()).read_text())))
    assert [row["Release"] for row in rows if row["Release"]] == ["shop-2.5.0"]
    await page.goto(site.url + "/?range=1h")
    await expect(marked).to_have_count(2)


async def test_the_host_of_a_worker_leads_to_the_charts_of_its_node(page: Page, site: Site) -> None:
    await seed(site.app)
    await page.goto(site.url + "/workers")
    host = socket.gethostname()
    await page.get_by_role("link", name=host, exact=True).first.click()
    await expect(page.get_by_role("combobox", name="Node")).to_have_text(host)
    failing = page.get_by_role("region", name="Failing attempts", exact=True)
    await failing.get_by_role("button", name="Show Failing attempts as a table").click()
    await expect(failing.get_by_role("cell", name="%").first).to_be_visible()
    await expect(
        page.get_by_role("region", name="Backlog").get_by_text("Jobs wait in queues, not on nodes")
    ).to_be_visible()
    await page.get_by_role("combobox", name="Node").click()
    await page.get_by_role("option", name="All nodes").click()
    await expect(page.get_by_role("table", name="Nodes").get_by_role("button", name=host)).to_be_visible()


async def test_charts_are_of_one_queue_or_task_and_metrics_stay_those_of_scrapers(page: Page, site: Site) -> None:
    await seed(site.app)
    await page.goto(site.url)
    await page.get_by_role("link", name="Metrics").click()
    await page.get_by_role("combobox", name="By").click()
    await page.get_by_role("option", name="By task").click()
    await page.get_by_role("table", name="Tasks").get_by_role("button", name="webhook.deliver").click()
    failing = page.get_by_role("region", name="Failing attempts", exact=True)
    await failing.get_by_role("button", name="Show Failing attempts as a table").click()
    await expect(failing.get_by_role("cell", name="100 %").first).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("table", name="Tasks")).to_be_visible()
    # Whatever a client accepts: a scraper that names HTML still gets figures.
    async with httpx.AsyncClient() as client:
        for accept in ("text/html", "*/*", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"):
            answer = await client.get(site.url + "/metrics", headers={"accept": accept})
            assert answer.status_code == 200
            assert "taskflow_" in answer.text, accept
