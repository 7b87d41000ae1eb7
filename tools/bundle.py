"""Keep the built dashboard small, and free of addresses that a browser could fetch from elsewhere.

Sizes are those of the files that the server sends: the `.gz` beside each. What a page needs before it shows anything is
named in index.html; every other script is loaded when a route needs it. Fonts are not counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools.problems import Problem

#: Most bytes, in gzip.
INITIAL_JS = 260_000
INITIAL_CSS = 15_000
LAZY_CHUNK = 120_000
ALL = 520_000

#: Addresses that stand in the built files and are never fetched -> why.
ADDRESSES: dict[str, str] = {
    "http://www.w3.org/": "names of XML namespaces",
    "https://react.dev/errors/": "React's production errors name the page that explains them",
    "http://localhost": "a base to parse relative addresses with",
}
ADDRESS = re.compile(r"""(?:\b(?:https?|wss?)://|["'(`]//(?=[\w-]+\.[a-z]))[^\s"'`()<>\\]*""")
TEXT = frozenset({".css", ".html", ".js", ".json", ".svg", ".webmanifest"})


class Sizes(NamedTuple):
    """What the browser loads, in bytes of gzip."""

    initial_js: int
    initial_css: int
    largest_lazy: int
    all: int

    def __str__(self) -> str:
        kilobytes = (f"{size / 1000:.1f}" for size in self)
        return "initial JS {} kB, CSS {}, largest lazy chunk {}, all {}".format(*kilobytes)


def check(folder: Path, addresses: dict[str, str] = ADDRESSES) -> tuple[list[Problem], Sizes]:
    """Return what is over budget or names another host, and the sizes."""
    first = _named_in_page(folder)
    scripts = {path: _size(path) for path in folder.rglob("*.js")}
    styles = {path: _size(path) for path in folder.rglob("*.css")}
    lazy = {path: size for path, size in scripts.items() if path not in first}
    sizes = Sizes(
        sum(size for path, size in scripts.items() if path in first),
        sum(size for path, size in styles.items() if path in first),
        max(lazy.values(), default=0),
        sum([*scripts.values(), *styles.values()]),
    )
    return [*_over_budget(sizes, lazy), *_foreign(folder, addresses)], sizes


def _over_budget(sizes: Sizes, lazy: dict[Path, int]) -> Iterator[Problem]:
    def over(what: str, size: int, most: int) -> Iterator[Problem]:
        if size > most:
            message = f"{what}: {size / 1000:.1f} kB of gzip, at most {most / 1000:.0f}: load it later, or leave it out"
            yield Problem("dashboard", 1, "budget", message)

    yield from over("initial JavaScript", sizes.initial_js, INITIAL_JS)
    yield from over("initial CSS", sizes.initial_css, INITIAL_CSS)
    for path, size in sorted(lazy.items()):
        yield from over(f"lazy chunk {path.name}", size, LAZY_CHUNK)
    yield from over("JavaScript and CSS together", sizes.all, ALL)


def _named_in_page(folder: Path) -> set[Path]:
    page = (folder / "index.html").read_text(encoding="utf-8")
    return {folder / name for name in re.findall(r'(?:src|href)="\./([^"]+)"', page)}


def _size(path: Path) -> int:
    packed = path.with_name(f"{path.name}.gz")
    return (packed if packed.is_file() else path).stat().st_size


def _foreign(folder: Path, addresses: dict[str, str]) -> Iterator[Problem]:
    used: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in TEXT:
            continue
        found = {match.strip("\"'(`") for match in ADDRESS.findall(path.read_text(encoding="utf-8"))}
        for address in sorted(found):
            known = next((start for start in addresses if address.startswith(start)), None)
            if known is None:
                message = f"{address[:80]} is another host: bundle what it gives, or list it in bundle.py"
                yield Problem(f"_dashboard/{path.name}", 1, "host", message)
            else:
                used.add(known)
    for start in sorted(set(addresses) - used):
        yield Problem("tools/bundle.py", 1, "host", f"{start} is in no built file: remove it")
