"""What a page must never do: log an error, throw, break its policy, or ask another host."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request
from tests.browser.launching import PLAIN_HOST

#: Reports violations of the policy that the console does not show.
SCRIPT = Path(__file__).parent / "watch.js"
OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]", "::1", PLAIN_HOST})
LOCAL_SCHEMES = frozenset({"data", "blob", "about", "chrome-error"})


class Watch:
    """What the pages of one context did wrong, as it happened."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._allowed: list[re.Pattern[str]] = []

    async def over(self, context: BrowserContext) -> None:
        """Watch every page of a context, those to come too."""
        await context.add_init_script(path=SCRIPT)
        context.on("console", self._console)
        context.on("request", self._request)
        context.on("page", self._page)

    def allow(self, pattern: str) -> None:
        """Expect what would be wrong elsewhere: a server that is down leaves failed requests in the console."""
        self._allowed.append(re.compile(pattern))

    @property
    def trouble(self) -> list[str]:
        """What nobody expected."""
        return [line for line in self._seen if not any(pattern.search(line) for pattern in self._allowed)]

    def _page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self._seen.append(f"error: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            self._seen.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in LOCAL_SCHEMES and url.hostname not in OWN_HOSTS:
            self._seen.append(f"request to another host: {request.url[:200]}")
