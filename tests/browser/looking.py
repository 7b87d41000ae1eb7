"""What tests ask of a page as a whole: that it has settled, and that axe finds nothing in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from playwright.async_api import Page, expect
from tools.api_types import DASHBOARD

AXE = DASHBOARD / "node_modules/axe-core/axe.min.js"
RUN = Path(__file__).parent / "axe_run.js"
FONTS = Path(__file__).parent / "fonts_ready.js"


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


async def axe(page: Page, rules: Sequence[str] | None = None) -> list[str]:
    """Return what axe finds on a page, by all of its rules or by the named ones, each with its rule and element."""
    # As a script tag the policy would refuse it.
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_text(AXE))
    found: list[str] = await page.evaluate(_text(RUN), rules)
    return found


async def settled(page: Page) -> None:
    """Wait until a page shows its data: its frame is there, nothing in it is loading, and its fonts are."""
    await expect(page.locator("#content")).to_be_visible()
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    await page.evaluate(_text(FONTS))
