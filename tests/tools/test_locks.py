"""The lock files pin everything with a digest, and name no host: each machine asks the registries it is set up for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tools.problems import ROOT

REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))
NPM_LOCKS = [ROOT / "dashboard/package-lock.json", ROOT / "tests/browser/package-lock.json"]
ADDRESS = re.compile(r"https?://|--(?:extra-)?index-url|--find-links")


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_has_hashes_and_no_address(path: Path) -> None:
    text = path.read_text()
    assert not ADDRESS.findall(text)
    pinned = [line for line in text.splitlines() if re.match(r"\w", line)]
    assert pinned
    assert all("==" in line and line.endswith("\\") for line in pinned)


@pytest.mark.parametrize("path", NPM_LOCKS, ids=lambda path: path.parent.name)
def test_every_npm_package_has_a_digest_and_no_address(path: Path) -> None:
    packages: dict[str, dict[str, Any]] = json.loads(path.read_text())["packages"]
    installed = {name: entry for name, entry in packages.items() if name}
    assert installed
    assert not [name for name, entry in installed.items() if "resolved" in entry]
    bundled = [name for name, entry in installed.items() if entry.get("inBundle")]
    assert [name for name, entry in installed.items() if "integrity" not in entry] == bundled
