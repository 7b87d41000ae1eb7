"""docs/testing.md: its files are written down and its tests run, as a program's own would be."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "testing.md").read_text()
BLOCKS = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.slow
def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    for name, text in BLOCKS:
        (tmp_path / name).write_text(text)
    # The client of Starlette warns about the HTTP library that it is given; nothing else may warn.
    warnings = ["-W", "error", "-W", "ignore:Using `httpx`"]
    others = [f"-pno:{name}" for name in ("asyncio", "cacheprovider", "faker", "schemathesis")]
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-ptaskflowmq.testing.plugin", *others, *warnings, "."],
        cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    expected = sum(text.count("\ndef test_") for _, text in BLOCKS)
    assert f"{expected} passed" in said.stdout, said.stdout + said.stderr


def test_every_block_is_run_and_every_link_leads_somewhere() -> None:
    assert len(BLOCKS) == PAGE.count("```python")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE):
        assert (DOCS / target).exists(), target


@pytest.mark.parametrize("page", ["django.md", "fastapi.md"])
def test_every_link_of_the_pages_on_frameworks_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", (DOCS / page).read_text()):
        assert (DOCS / target).exists(), target
