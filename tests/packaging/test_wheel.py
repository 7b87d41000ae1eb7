"""The wheel is whole: installed without the source tree, it migrates, serves and runs."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import signal
import site
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement
from tests.mortal import mortal
from tools.build_dashboard import build

from taskflowmq.testing.waiting import wait_until_sync

ROOT = Path(__file__).parents[2]
PAGE = "taskflowmq/_dashboard/"
#: Bytes below which a file may be sent as it is.
SMALL = 300
#: What `pip install taskflowmq` may bring, itself included, and how large that may be, in megabytes.
MOST_PACKAGES = 12
MOST_MEGABYTES = 45
#: The median of five imports of the client, in seconds, on a quiet machine 0.06.
LONGEST_IMPORT_S = 0.150


def everything() -> list[Path]:
    """Return what this environment holds, without the project itself."""
    entries = Path(site.getsitepackages()[0]).iterdir()
    return [entry for entry in entries if "taskflowmq" not in entry.name and entry.suffix != ".pth"]


def base_packages(wheel: Path) -> dict[str, list[Path]]:
    """Return what `pip install taskflowmq` brings: each distribution with its files at the top of site-packages."""
    own = metadata.PathDistribution(zipfile.Path(wheel, f"{wheel.name.split('-py3')[0]}.dist-info/"))  # type: ignore[arg-type]
    found: dict[str, list[Path]] = {}
    open_ones = list(own.requires or ())
    while open_ones:
        wanted = Requirement(open_ones.pop())
        if wanted.name in found or (wanted.marker is not None and not wanted.marker.evaluate({"extra": ""})):
            continue
        distribution = metadata.distribution(wanted.name)
        root = Path(str(distribution.locate_file("")))
        tops = {Path(file).parts[0] for file in distribution.files or () if ".." not in Path(file).parts}
        found[wanted.name] = [root / top for top in sorted(tops)]
        open_ones += distribution.requires or ()
    return found


def installed(wheel: Path, home: Path, entries: Iterable[Path]) -> Path:
    """Install the wheel into a new environment, with dependencies borrowed from this one; return its python.

    The project's source tree is not borrowed, so that only the wheel can answer.
    """
    venv.create(home)
    python = home / "bin" / "python"
    # By this environment's pip: unpacking one into each takes longer than all else.
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install", "-q"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
    own = Path(ask(python, "import site; print(site.getsitepackages()[0])", home))
    borrowed = home / "borrowed"
    borrowed.mkdir()
    for entry in entries:
        (borrowed / entry.name).symlink_to(entry)
    (own / "borrowed.pth").write_text(f"{borrowed}\n")
    assert str(home) in ask(python, "import taskflowmq; print(taskflowmq.__file__)", home)
    return python


def ask(python: Path, code: str, cwd: Path) -> str:
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd=cwd, env=bare(cwd))
    return answer.stdout.strip()


def bare(home: Path) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(home)}


def megabytes(paths: Iterable[Path]) -> float:
    files = (file for path in paths for file in ([path] if path.is_file() else path.rglob("*")))
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def without_dashboard(clone: Path) -> Path:
    """Copy what a build reads, as it is before `make web`."""
    shutil.copytree(ROOT / "src", clone / "src", ignore=shutil.ignore_patterns("_dashboard", "__pycache__"))
    (clone / "tools").mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "tools/require_dashboard.py"):
        shutil.copy(ROOT / name, clone / name)
    return clone


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def client_alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment as `pip install taskflowmq` makes it, without an extra."""
    home = tmp_path_factory.mktemp("client") / "environment"
    installed(wheel, home, [path for paths in base_packages(wheel).values() for path in paths])
    return home


@pytest.mark.slow
def test_it_carries_statements_migrations_and_types_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    source = ROOT / "src"
    wanted = {str(path.relative_to(source)) for path in source.rglob("*") if path.suffix in {".py", ".sql", ".typed"}}
    assert wanted <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "tools/", "benchmarks/"))]


@pytest.mark.slow
def test_it_carries_the_dashboard_as_it_is_served(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    inside = {name.removeprefix(PAGE): name for name in archive.namelist() if name.startswith(PAGE)}
    page = archive.read(inside["index.html"]).decode()
    wanted = re.findall(r'(?:src|href)="\./([^"]+)"', page)
    assert any(name.endswith(".js") for name in wanted)
    assert set(wanted) <= set(inside)
    packed = [name for name in wanted if name.endswith((".js", ".css"))]
    for name in packed:
        plain = archive.read(inside[name])
        # A few bytes get no smaller by it.
        assert {f"{name}.gz", f"{name}.br"} <= set(inside) or len(plain) < SMALL, name
        if f"{name}.gz" in inside:
            assert gzip.decompress(archive.read(inside[f"{name}.gz"])) == plain
    assert ".stamp" not in inside


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["--wheel", "--sdist"])
def test_nothing_is_packed_without_the_dashboard(tmp_path: Path, kind: str) -> None:
    clone = without_dashboard(tmp_path / "clone")
    command = [sys.executable, "-m", "build", kind, "--no-isolation", "--outdir", str(tmp_path / "dist"), str(clone)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "_dashboard/index.html is missing: run `make web`" in told.stdout + told.stderr
    assert not list((tmp_path / "dist").glob("*"))


@pytest.mark.slow
def test_an_editable_installation_needs_no_dashboard(tmp_path: Path) -> None:
    clone = without_dashboard(tmp_path / "clone")
    code = f"from hatchling.build import build_editable; print(build_editable({str(tmp_path)!r}))"
    made = subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True, text=True, check=True)
    assert (tmp_path / made.stdout.splitlines()[-1]).is_file()


def assert_serves_the_page(root: str) -> None:
    page = httpx.get(f"{root}/jobs", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    scripts = re.findall(r'<script[^>]* src="(/[^"]+)"', page.text)
    assert any(path.startswith("/assets/") for path in scripts)
    for path in scripts:
        script = httpx.get(root + path, headers={"accept-encoding": "gzip"})
        assert (script.status_code, script.headers["content-encoding"]) == (200, "gzip")
        assert script.headers["content-type"].startswith("text/javascript")


@pytest.mark.slow
def test_installed_by_itself_dev_serves_and_runs_a_job(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "environment"
    installed(wheel, home, everything())
    log = tmp_path / "log"
    with log.open("w") as out:
        program = subprocess.Popen(
            mortal([str(home / "bin" / "taskflow"), "dev"]),
            cwd=tmp_path,
            env={**bare(tmp_path), "PORT": "0"},
            stdout=out,
        )
    try:
        ready = wait_until_sync(lambda: "API" in log.read_text() and log.read_text(), 30, what="the address")
        address = next(line.split()[1] for line in ready.splitlines() if line.split()[:1] == ["API"])
        job = httpx.post(f"{address}/jobs", json={"task": "test", "args": {"message": "hi", "seconds": 0}}).json()
        done = httpx.get(f"{address}/jobs/{job['id']}?wait=20", timeout=30).json()
        assert (done["state"], done["result"]["message"]) == ("completed", "hi")
        assert_serves_the_page(address.removesuffix("/api/v1"))
    finally:
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 0


CLIENT = """
from taskflowmq import TaskFlow

app = TaskFlow()

@app.task
def add(a: int, b: int) -> int:
    return a + b
"""

#: In time of the processor: other programs may use the machine, too.
ONE_IMPORT = "import time; began = time.process_time(); import taskflowmq; print(time.process_time() - began)"


@pytest.mark.slow
def test_the_client_alone_is_small_and_runs_its_own_tasks(wheel: Path, client_alone: Path, tmp_path: Path) -> None:
    packages, home = base_packages(wheel), client_alone
    python = home / "bin" / "python"
    own = Path(ask(python, "import taskflowmq; print(taskflowmq.__path__[0])", tmp_path))
    assert len(packages) + 1 <= MOST_PACKAGES, sorted(packages)
    assert megabytes([own, *(path for paths in packages.values() for path in paths)]) <= MOST_MEGABYTES
    assert min(float(ask(python, ONE_IMPORT, tmp_path)) for _ in range(5)) <= LONGEST_IMPORT_S

    (tmp_path / "app.py").write_text(CLIENT)
    command = mortal([str(home / "bin" / "taskflow"), "worker", "app:app"])
    worker = subprocess.Popen(command, cwd=tmp_path, env=bare(tmp_path))
    try:
        result = "from app import add; print(add.enqueue(20, 22).result(timeout=30))"
        assert ask(python, result, tmp_path) == "42"
    finally:
        worker.send_signal(signal.SIGINT)
        assert worker.wait(30) == 0


@pytest.mark.slow
def test_what_needs_an_extra_names_it(client_alone: Path, tmp_path: Path) -> None:
    home = client_alone
    for words in ("server", "dev"):
        told = subprocess.run(
            [home / "bin" / "taskflow", words], capture_output=True, text=True, cwd=tmp_path, env=bare(tmp_path)
        )
        assert told.returncode == 1
        assert f"taskflow {words} needs litestar, uvicorn, httptools" in told.stderr
        assert "pip install 'taskflowmq[server]'" in told.stderr
        assert "Traceback" not in told.stderr
        assert not list(tmp_path.glob("*.db")), "a command that cannot run makes no database"


def test_importing_the_client_loads_no_driver_and_no_framework() -> None:
    heavy = "asyncpg litestar uvicorn click prometheus_client httpx PIL aiosmtplib uvloop watchfiles pydantic"
    code = f"import sys, taskflowmq; print(*(m for m in {heavy.split()} if m in sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""
