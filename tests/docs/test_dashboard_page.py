"""What docs/dashboard.md shows is run: each framework serves the dashboard where the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "dashboard.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("index", "name"), [(0, "site"), (1, "api"), (2, "service")])
async def test_each_framework_serves_it_under_the_path(
    index: int, name: str, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TASKFLOW_API_KEYS", raising=False)
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(PYTHON[0].replace("sqlite:///shop.db", sqlite_url), "dashboard.md", "exec"), names)
    if index:
        exec(compile(PYTHON[index], "dashboard.md", "exec"), names)
    transport = httpx.ASGITransport(app=names[name])
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        page = await client.get("/ops/queue/jobs", headers={"accept": "text/html"})
        assert '"/ops/queue/' in page.text
        session = await client.get("/ops/queue/api/v1/session")
        assert (session.json()["actor"], session.json()["role"]) == ("local", "owner")
        assert (await client.get("/ops/queue/health/ready")).status_code == 200
    await names["app"].aclose()


def test_the_page_shows_three_frameworks() -> None:
    assert len(PYTHON) == 3
