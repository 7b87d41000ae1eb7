"""One browser for many pages: Playwright with the wheel's Node, and the Chromium that was found."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright
from tools.chromium import Chromium
from tools.node import from_wheel

#: A name of this machine that browsers do not trust as they trust loopback; see RFC 6761.
PLAIN_HOST = "taskflow.test"
ARGUMENTS = (f"--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1", "--no-proxy-server")
#: Playwright's own Node needs a library that a bare system lacks; it reads this before it starts one.
NODE = "PLAYWRIGHT_NODEJS_PATH"


@asynccontextmanager
async def launched(chromium: Chromium) -> AsyncIterator[Browser]:
    """Run a browser without a window until the end of the block.

    Raises:
        tools.node.Unavailable: there is no Node to drive it.
    """
    os.environ.setdefault(NODE, str(from_wheel().path))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium.path,
            env={**os.environ, **chromium.variables},
            args=ARGUMENTS,
            # Chromium refuses to sandbox what root starts.
            chromium_sandbox=os.geteuid() != 0,
        )
        try:
            yield browser
        finally:
            await browser.close()
