"""The dashboard is built once per state of its sources, and a build that fails leaves the last one in its place."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.tools.programs import program
from tools.build_dashboard import SOURCES, STAMP, build, digest, is_built
from tools.node import Node, ToolFailed, find
from tools.problems import ROOT

#: What plays Vite: the output holds what the source holds.
VITE = """
echo called >> ../calls
while [ "$1" != --outDir ]; do shift; done
grep -q broken src/main.tsx && { echo 'src/main.tsx:1:1: broken' >&2; exit 1; }
rm -rf "$2"; mkdir -p "$2"; cp src/main.tsx "$2/index.html"
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "dashboard"
    (folder / "src").mkdir(parents=True)
    (folder / "src/main.tsx").write_text("one")
    (folder / "package-lock.json").write_text('{"packages": {}}')
    program(folder / "node_modules/vite/bin/vite.js", VITE)
    return folder


class Builds:
    """Builds of one folder, and what came of them."""

    def __init__(self, sources: Path) -> None:
        self.sources = sources
        self.output = sources.parent / "out"

    def __call__(self) -> str:
        scratch = self.sources.parent / "build/dashboard"
        build(self.sources, self.output, scratch, lambda: Node(Path("/bin/sh"), Path("unused")))
        return (self.output / "index.html").read_text()

    @property
    def count(self) -> int:
        return len((self.sources.parent / "calls").read_text().splitlines())


def test_it_is_built_once_per_state_of_the_sources(sources: Path) -> None:
    builds = Builds(sources)
    assert [builds(), builds(), builds.count] == ["one", "one", 1]
    (sources / "src/main.tsx").write_text("two")
    assert [builds(), builds.count] == ["two", 2]
    (sources / "src/more.tsx").write_text("")
    assert [builds(), builds.count] == ["two", 3]
    (sources / "node_modules/anything").write_text("")
    os.utime(sources / "src/main.tsx", (0, 0))
    assert [builds(), builds.count] == ["two", 3]


def test_a_lost_output_is_built_again(sources: Path) -> None:
    builds = Builds(sources)
    builds()
    (builds.output / "index.html").unlink()
    assert [builds(), builds.count] == ["one", 2]


def test_a_failed_build_says_why_and_leaves_the_last_one(sources: Path) -> None:
    builds = Builds(sources)
    builds()
    (sources / "src/main.tsx").write_text("broken")
    with pytest.raises(ToolFailed, match=r"src/main\.tsx:1:1: broken\nRepair the sources in dashboard/"):
        builds()
    assert (builds.output / "index.html").read_text() == "one"
    assert not is_built(sources, builds.output)
    (sources / "src/main.tsx").write_text("three")
    assert builds() == "three"


def test_make_run_goes_on_without_a_dashboard_and_make_web_does_not() -> None:
    def made(*arguments: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; from tools import build_dashboard as b; b.is_built = lambda *_: False; sys.exit(b.main())"
        command = [sys.executable, "-c", code, *arguments]
        gone = {**os.environ, "NODE": "/nowhere/node"}
        return subprocess.run(command, cwd=ROOT, env=gone, capture_output=True, text=True, check=False)

    strict, optional = made(), made("--optional")
    assert (strict.returncode, optional.returncode) == (1, 0)
    for told in (strict.stderr, optional.stderr):
        assert "The dashboard was not built: NODE=/nowhere/node does not start." in told
    assert "The server starts with" in optional.stderr
    assert "`make web` tries again" in optional.stderr


@pytest.mark.slow
def test_the_real_build_is_whole_and_says_what_is_broken(tmp_path: Path) -> None:
    sources = tmp_path / "dashboard"
    build()
    shutil.copytree(SOURCES, sources, ignore=shutil.ignore_patterns("node_modules"))
    (sources / "node_modules").symlink_to(SOURCES / "node_modules")
    output, scratch = tmp_path / "out", tmp_path / "build/dashboard"
    build(sources, output, scratch)
    assert (output / STAMP).read_text() == digest(sources) == digest(SOURCES)
    scripts = list((output / "assets").glob("*.js"))
    assert scripts
    for script in scripts:
        beside = {path.name for path in script.parent.iterdir()}
        # A form that is no smaller than the script is not written.
        if f"{script.name}.gz" in beside:
            packed = (script.parent / f"{script.name}.gz").read_bytes()
            assert gzip.decompress(packed) == script.read_bytes(), script.name
            assert len(packed) < script.stat().st_size, script.name
        else:
            assert script.stat().st_size < 1_000, script.name
        assert f"{script.name}.br" in beside or script.stat().st_size < 1_000, script.name
    assert not list(output.rglob("*.map"))
    (sources / "src/main.tsx").write_text("import { gone } from './nowhere';\ngone();\n")
    with pytest.raises(ToolFailed, match="nowhere"):
        build(sources, output, scratch, find)
