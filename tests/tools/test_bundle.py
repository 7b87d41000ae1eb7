"""What makes the built dashboard too large, or fetch from elsewhere, is found."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import pytest
from tools.bundle import ALL, INITIAL_CSS, INITIAL_JS, LAZY_CHUNK, check

PAGE = """<!doctype html>
<script src="./theme.js"></script>
<script type="module" crossorigin src="./assets/index-1.js"></script>
<link rel="modulepreload" crossorigin href="./assets/shared-2.js">
<link rel="stylesheet" crossorigin href="./assets/index-1.css">
<svg xmlns="http://www.w3.org/2000/svg"></svg>
"""
NAMES = {"http://www.w3.org/": "names"}


def incompressible(size: int) -> str:
    return "".join(random.Random(size).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=size * 8 // 5 + 100))


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.with_name(f"{path.name}.gz").write_bytes(zlib.compress(text.encode(), 9))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text(PAGE)
    for name in ("theme.js", "assets/index-1.js", "assets/shared-2.js", "assets/lazy-3.js", "assets/index-1.css"):
        write(tmp_path, name, "/* small */")
    return tmp_path


def told(folder: Path, addresses: dict[str, str] = NAMES) -> list[str]:
    return [problem.message for problem in check(folder, addresses)[0]]


def test_a_small_build_without_addresses_passes(built: Path) -> None:
    assert told(built) == []


def test_sizes_are_those_of_what_is_sent(built: Path) -> None:
    write(built, "assets/lazy-3.js", "x" * 500_000)
    sizes = check(built, NAMES)[1]
    assert sizes.largest_lazy < 1000
    assert sizes.all > sizes.initial_js > sizes.initial_css > 0


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("assets/index-1.js", INITIAL_JS, "initial JavaScript"),
        ("assets/shared-2.js", INITIAL_JS, "initial JavaScript"),
        ("theme.js", INITIAL_JS, "initial JavaScript"),
        ("assets/index-1.css", INITIAL_CSS, "initial CSS"),
        ("assets/lazy-3.js", LAZY_CHUNK, "lazy chunk lazy-3.js"),
    ],
)
def test_each_budget_is_kept(built: Path, name: str, size: int, message: str) -> None:
    write(built, name, incompressible(size))
    [problem] = told(built)
    assert problem.startswith(f"{message}: ")


def test_many_small_chunks_are_too_much_together(built: Path) -> None:
    for number in range(6):
        write(built, f"assets/route-{number}.js", incompressible(ALL // 6 + number))
    [problem] = told(built)
    assert problem.startswith("JavaScript and CSS together: ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("assets/index-1.js", 'fetch("https://example.com/v1")'),
        ("assets/lazy-3.js", "new WebSocket(`wss://example.com`)"),
        ("assets/lazy-3.js", 'import("//example.com/x.js")'),
        ("assets/index-1.css", "@import url(//example.com/a.css);"),
        ("assets/index-1.css", "a { background: url(https://example.com/a.png) }"),
        ("icon.svg", '<image href="http://example.com/a.png"/>'),
    ],
)
def test_another_host_is_found_in_every_kind_of_file(built: Path, name: str, text: str) -> None:
    write(built, name, text)
    [problem] = told(built)
    assert "example.com" in problem


def test_a_listed_address_that_no_file_has_is_a_problem(built: Path) -> None:
    assert told(built, {**NAMES, "https://example.com/": "was needed once"}) == [
        "https://example.com/ is in no built file: remove it"
    ]


@pytest.mark.parametrize("text", ['a = "http:"+b; c = 4 // 2 // 1', "/* see // comment */", '"//" + name'])
def test_what_is_no_address_passes(built: Path, text: str) -> None:
    write(built, "assets/index-1.js", text)
    assert told(built) == []
