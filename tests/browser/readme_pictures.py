"""Take the pictures of the README from ``taskflow demo``: ``python -m tests.browser.readme_pictures``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from playwright.async_api import expect
from tests.browser.launching import launched
from tests.browser.looking import settled
from tools.node import ToolFailed, Unavailable
from tools.problems import ROOT

from taskflowmq.testing.waiting import wait_until
from tools import build_dashboard, chromium

FOLDER = ROOT / "docs/images"
SEED, RATE = "7", "6"
SIZE = {"width": 1440, "height": 860}
#: Name, path and theme.
PICTURES = (("overview", "/", "light"), ("job", "/jobs?state=dead&job={job}", "dark"))
#: A job of the demo that died after several attempts, with a log and a traceback.
FILTER = {"state": "dead", "task": "webhook.deliver", "limit": "1"}
PATIENCE_S = 120.0


@asynccontextmanager
async def demo() -> AsyncIterator[str]:
    """Run the demo, and give its address."""
    command = (sys.executable, "-m", "taskflowmq.cli", "demo", "--port", "0", "--json", "--seed", SEED, "--rate", RATE)
    env = {name: value for name, value in os.environ.items() if not name.startswith("TASKFLOW_")}
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    program = await asyncio.create_subprocess_exec(*command, env=env, stdout=pipe, stderr=nothing)
    try:
        assert program.stdout is not None
        line = await program.stdout.readline()
        if not line:
            raise Unavailable("taskflow demo did not start: run it to see why.")
        yield json.loads(line)["url"]
    finally:
        program.terminate()
        await program.wait()


async def dead_job(url: str) -> str:
    """Wait for a job of the kind that is shown, and return its id."""
    found: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url=url) as client:

        async def is_there() -> bool:
            answer = await client.get("/api/v1/jobs", params=FILTER)
            found[:] = answer.raise_for_status().json()["items"]
            return bool(found)

        await wait_until(is_there, timeout=PATIENCE_S, what="a job of the demo died")
    job: str = found[0]["id"]
    return job


async def run() -> None:
    """Take the pictures."""
    build_dashboard.build()
    async with demo() as url, launched(chromium.find()) as browser:
        job = await dead_job(url)
        for name, path, theme in PICTURES:
            size: Any = SIZE
            scheme: Any = theme
            context = await browser.new_context(viewport=size, color_scheme=scheme, locale="en-US")
            page = await context.new_page()
            await page.goto(url + path.format(job=job))
            await settled(page)
            await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
            await page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
            await context.close()


def main() -> int:
    """Take the pictures and say where they are."""
    try:
        asyncio.run(run())
    except (Unavailable, ToolFailed) as error:
        print(f"No pictures were taken: {error}", file=sys.stderr)
        return 1
    print(f"{len(PICTURES)} pictures in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
