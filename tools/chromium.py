"""Find a Chromium for the browser tests, or unpack the one that tests/browser/package-lock.json pins; needs no root.

``TASKFLOW_CHROMIUM`` names one; else it is the first on the path; else npm fetches one that needs no library of the
system, and it is unpacked once into ``.venv/web/``. ``TASKFLOW_CHROMIUM=npm`` takes that one, whatever is on the path.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tools.node import FOLDER, Node, Unavailable, alone, from_wheel
from tools.problems import ROOT

from tools import npm

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = ROOT / "tests/browser"
NAME = "@sparticuz/chromium"


class Chromium(NamedTuple):
    """A browser's program, and the variables that it needs beside those of this process."""

    path: Path
    variables: Mapping[str, str] = {}


def find(environment: Mapping[str, str] = os.environ, fetch: Callable[[], Chromium] | None = None) -> Chromium:
    """Return the browser.

    Raises:
        Unavailable: the named one is none, or there is none and none could be fetched.
    """
    named = environment.get("TASKFLOW_CHROMIUM")
    if named == "npm":
        return (fetch or from_npm)()
    if named:
        program = shutil.which(named)
        if program is None:
            raise Unavailable(f"TASKFLOW_CHROMIUM={named} is not a program: name a Chromium or Google Chrome.")
        return Chromium(Path(program))
    found = (shutil.which(name, path=environment.get("PATH", "")) for name in NAMES)
    program = next(filter(None, found), None)
    return Chromium(Path(program)) if program else (fetch or from_npm)()


def from_npm() -> Chromium:
    """Return npm's browser, fetching and unpacking it the first time.

    Raises:
        Unavailable: it does not run on this system, or could not be fetched.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Unavailable(
            f"no Chromium or Google Chrome is on PATH, and {NAME} has none for {sys.platform} {platform.machine()}: "
            "install one, or name it with TASKFLOW_CHROMIUM."
        )
    lock = json.loads((PACKAGE / "package-lock.json").read_text(encoding="utf-8"))
    home = FOLDER / f"chromium-{lock['packages'][f'node_modules/{NAME}']['version']}"
    if not home.is_dir():
        with alone("chromium"):
            if not home.is_dir():
                _fetch(home)
    variables = {"LD_LIBRARY_PATH": str(home / "al2023/lib"), "FONTCONFIG_PATH": str(home / "fonts")}
    return Chromium(home / "chromium", variables)


def _fetch(home: Path) -> None:
    try:
        npm.ensure(PACKAGE, from_wheel, dev=False)
    except Unavailable as error:
        raise Unavailable(f"no Chromium or Google Chrome is on PATH, and none could be fetched: {error}") from error
    packed = PACKAGE / "node_modules" / NAME / "bin"
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="fetching-") as scratch:
        unpacked = Path(scratch) / "unpacked"
        unpacked.mkdir()
        _unbrotli(from_wheel(), packed / "chromium.br", unpacked / "chromium")
        (unpacked / "chromium").chmod(0o755)
        for name, folder in (("al2023", "al2023"), ("fonts", "fonts"), ("swiftshader", ".")):
            archive = Path(scratch) / f"{name}.tar"
            _unbrotli(from_wheel(), packed / f"{name}.tar.br", archive)
            with tarfile.open(archive) as members:
                # Python has had filters since 3.11.4; the lock pins what is in here.
                members.extraction_filter = getattr(tarfile, "data_filter", None)
                members.extractall(unpacked / folder)  # noqa: S202
        # Theirs looks for the fonts in folders of another system.
        shutil.copy(PACKAGE / "fonts.conf", unpacked / "fonts/fonts.conf")
        unpacked.rename(home)
    # 70 MB that nothing needs any more.
    shutil.rmtree(PACKAGE / "node_modules")


def _unbrotli(node: Node, source: Path, target: Path) -> None:
    command = node.command(PACKAGE / "unbrotli.mjs", str(source), str(target))
    subprocess.run(command, check=True)  # noqa: S603 - our own script
