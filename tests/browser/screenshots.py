"""Take a picture of every page, in both themes, wide and narrow: ``python -m tests.browser.screenshots [FOLDER]``.

The pages are those of a server that runs already (``--url``), or of one on a store of its own with a few jobs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, expect
from tests.browser.launching import launched
from tests.browser.looking import settled
from tests.browser.routes import ROUTES, THEMES
from tests.browser.site import make_app, names_of, seed, served, working
from tools.node import ToolFailed, Unavailable
from tools.problems import ROOT

from taskflowmq import Handle
from taskflowmq.testing.waiting import wait_until
from tools import build_dashboard, chromium

WIDTHS = {1440: 900, 360: 740}
FOLDER = ROOT / "build/screenshots"


@asynccontextmanager
async def own_site() -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Serve a new store with jobs and a worker that has one of them; give the address, and what pages name."""
    with tempfile.TemporaryDirectory(prefix="taskflow-screenshots-") as folder:
        async with make_app(f"sqlite:///{folder}/jobs.db") as app, served(app, environment="demo") as site:
            dead = await seed(app)
            running = await app.asend("video.encode", {"source": "s3://uploads/launch.mov"})
            await app.queues.apause("mail", reason="the provider is down")
            await app.jobs.areplay(dead.id, reason="the address has moved", run_at=datetime(2100, 1, 1, tzinfo=UTC))
            async with working(app, "video", "webhooks"):
                await wait_until(lambda: is_running(running), what="the job runs")
                yield site.url, await names_of(dead)


async def is_running(handle: Handle[Any]) -> bool:
    """Whether a worker has the job."""
    return (await handle.ajob()).state == "running"


@asynccontextmanager
async def running_site(url: str) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Give the address of a running server, and what pages name: its newest job and its queue, and its newest error."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{url}/api/v1/jobs", params={"limit": 1})
        errors = await client.get(f"{url}/api/v1/errors", params={"limit": 1})
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    if not items:
        raise Unavailable(f"{url} has no jobs: enqueue one, so that its page can be shown.")
    groups: list[dict[str, Any]] = errors.raise_for_status().json()["items"]
    yield (
        url,
        {"job": items[0]["id"], "queue": items[0]["queue"], "error": groups[0]["fingerprint"] if groups else "0" * 16},
    )


async def take(browser: Browser, url: str, names: dict[str, str], folder: Path) -> int:
    """Take the pictures; return how many."""
    count = 0
    for theme in THEMES:
        for width, height in WIDTHS.items():
            size: Any = {"width": width, "height": height}
            scheme: Any = theme
            context = await browser.new_context(viewport=size, color_scheme=scheme, locale="en-US")
            page = await context.new_page()
            for route in ROUTES:
                await page.goto(url + route.path.format(**names))
                await settled(page)
                if route.live:  # it comes with the first word of the feed
                    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
                await page.screenshot(path=folder / f"{route.name}-{width}-{theme}.png", animations="disabled")
                count += 1
            await context.close()
    return count


async def run(folder: Path, url: str | None) -> int:
    """Find a browser and a server, and take the pictures."""
    build_dashboard.build()
    site = running_site(url.rstrip("/")) if url else own_site()
    async with launched(chromium.find()) as browser, site as (address, names):
        return await take(browser, address, names, folder)


def main() -> int:
    """Take the pictures and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--url", help="a running server, with its path prefix; default: one of its own")
    given = parser.parse_args()
    folder: Path = given.folder
    folder.mkdir(parents=True, exist_ok=True)
    try:
        count = asyncio.run(run(folder, given.url))
    except (Unavailable, ToolFailed, httpx.HTTPError) as error:
        print(f"No pictures were taken: {error}", file=sys.stderr)
        return 1
    print(f"{count} pictures in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
