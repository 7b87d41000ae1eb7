"""The browser of the tests is the named one, the first on the path, or npm's; its absence is told with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tools.programs import program
from tools.chromium import Chromium, find
from tools.node import Unavailable

from tools import chromium

FETCHED = Chromium(Path("/fetched/chromium"), {"LD_LIBRARY_PATH": "/fetched/lib"})


def fetched() -> Chromium:
    return FETCHED


def unwanted() -> Chromium:
    pytest.fail("there is one")


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_the_one_on_the_path_is_taken(tmp_path: Path, name: str) -> None:
    path = program(tmp_path / name)
    assert find({"PATH": str(tmp_path)}, unwanted) == Chromium(path)


def test_the_named_one_comes_first(tmp_path: Path) -> None:
    named = program(tmp_path / "elsewhere/chrome")
    program(tmp_path / "chromium")
    assert find({"PATH": str(tmp_path), "TASKFLOW_CHROMIUM": str(named)}, unwanted) == Chromium(named)


def test_npms_is_taken_where_there_is_none_or_it_is_named(tmp_path: Path) -> None:
    assert find({"PATH": str(tmp_path)}, fetched) == FETCHED
    program(tmp_path / "chromium")
    assert find({"PATH": str(tmp_path), "TASKFLOW_CHROMIUM": "npm"}, fetched) == FETCHED


def test_a_named_one_that_is_none_is_an_error_and_not_another_one(tmp_path: Path) -> None:
    program(tmp_path / "chromium")
    with pytest.raises(Unavailable, match="TASKFLOW_CHROMIUM=/nowhere/chrome is not a program"):
        find({"PATH": str(tmp_path), "TASKFLOW_CHROMIUM": "/nowhere/chrome"}, fetched)


def test_a_system_that_npm_has_none_for_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(Unavailable, match=r"riscv64: install one, or name it with TASKFLOW_CHROMIUM\.") as told:
        find({"PATH": str(tmp_path)}, chromium.from_npm)
    assert "no Chromium or Google Chrome is on PATH" in str(told.value)
