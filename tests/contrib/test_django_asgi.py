"""TaskFlow mounted in the ASGI application of a Django project."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import KEY, new_app
from tests.server.test_prefix import PREFIX, try_mounted

PAGE = (Path(__file__).parents[2] / "docs" / "django.md").read_text()


@pytest.mark.usefixtures("django_ready")
async def test_what_the_page_shows_serves_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.http import HttpResponse
    from django.test import override_settings
    from django.urls import path

    (block,) = [found for found in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if ".asgi(" in found]
    taskflow = new_app(tmp_path)
    monkeypatch.setattr("taskflowmq.contrib.django.get_app", lambda: taskflow)
    monkeypatch.setenv("TASKFLOW_API_KEYS", KEY)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "project.settings")
    names: dict[str, Any] = {"__name__": "project.asgi"}
    with override_settings(ROOT_URLCONF=(path("hello", lambda request: HttpResponse("hello")),), ALLOWED_HOSTS=["*"]):
        exec(compile(block.replace("/taskflow", PREFIX), "django.md", "exec"), names)
        try:
            await try_mounted(names["application"])
            transport = httpx.ASGITransport(app=names["application"])
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                assert (await client.get(f"{PREFIX}x")).status_code == 404
        finally:
            await taskflow.aclose()
