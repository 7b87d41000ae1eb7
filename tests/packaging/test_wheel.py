"""The wheel is whole: installed without the source tree, it migrates, serves and runs."""

from __future__ import annotations

import os
import signal
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import httpx
import pytest
from tests.mortal import mortal

from taskflowmq.testing.waiting import wait_until_sync

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    [made] = folder.glob("*.whl")
    return made


@pytest.mark.slow
def test_it_carries_statements_migrations_and_types_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    source = ROOT / "src"
    wanted = {str(path.relative_to(source)) for path in source.rglob("*") if path.suffix in {".py", ".sql", ".typed"}}
    assert wanted <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "tools/", "benchmarks/"))]


@pytest.mark.slow
def test_installed_by_itself_dev_serves_and_runs_a_job(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    # Its dependencies are those of this environment; the project itself is not, so that only the wheel can answer.
    own = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True, check=True
    ).stdout.strip()
    borrowed = tmp_path / "borrowed"
    borrowed.mkdir()
    for entry in Path(site.getsitepackages()[0]).iterdir():
        if "taskflowmq" not in entry.name and entry.suffix != ".pth":
            (borrowed / entry.name).symlink_to(entry)
    (Path(own) / "borrowed.pth").write_text(f"{borrowed}\n")
    where = [python, "-c", "import taskflowmq; print(taskflowmq.__file__)"]
    assert str(home) in subprocess.run(where, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    log = tmp_path / "log"
    with log.open("w") as out:
        program = subprocess.Popen(
            mortal([str(home / "bin" / "taskflow"), "dev"]),
            cwd=tmp_path,
            env={"PATH": os.defpath, "PORT": "0", "HOME": str(tmp_path)},
            stdout=out,
        )
    try:
        ready = wait_until_sync(lambda: "API" in log.read_text() and log.read_text(), 30, what="the address")
        address = next(line.split()[1] for line in ready.splitlines() if line.split()[:1] == ["API"])
        job = httpx.post(f"{address}/jobs", json={"task": "test", "args": {"message": "hi", "seconds": 0}}).json()
        done = httpx.get(f"{address}/jobs/{job['id']}?wait=20", timeout=30).json()
        assert (done["state"], done["result"]["message"]) == ("completed", "hi")
    finally:
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 0
