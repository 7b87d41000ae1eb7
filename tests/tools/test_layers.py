"""The import contracts catch a mutant of every layer rule, and bear folders that are still missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tools.problems import ROOT

FOLDERS = """
core ports wire stores/sqlite stores/postgres brokers/polling brokers/redis telemetry client worker scheduler tasks
bootstrap server server/openapi server/api server/edge cli testing bench
worker/supervision worker/watches worker/claiming worker/running worker/settling
""".split()

ALLOWED = {
    "ports": "import taskflowmq.core, logging",
    "stores/sqlite": "import taskflowmq.ports, sqlite3",
    "stores/postgres": "import taskflowmq.ports, asyncpg",
    "wire": "import taskflowmq.ports",
    "client": "import taskflowmq.ports, taskflowmq.wire, asyncio",
    "worker": "import taskflowmq.ports",
    "worker/supervision": "import taskflowmq.worker.watches",
    "worker/running": "import taskflowmq.worker.settling",
    "scheduler": "import taskflowmq.core",
    "tasks": "import taskflowmq.client",
    "bootstrap": "import taskflowmq.worker, taskflowmq.stores.sqlite, taskflowmq.brokers.redis, taskflowmq.server.app",
    "server/api": "import taskflowmq.client, taskflowmq.server.edge, litestar",
    "server/openapi": "import taskflowmq.server.api",
    "server/app": "import taskflowmq.server.api",
    "cli": "import taskflowmq.server.app, taskflowmq.stores.postgres, taskflowmq.bench",
    "testing": "import taskflowmq.bootstrap",
    "bench": "import taskflowmq.bootstrap",
}

# Each case starts the linter in a process of its own.
pytestmark = pytest.mark.slow

MUTANTS = [
    ("core", "import taskflowmq.ports", "Layers"),
    ("core", "import asyncio", "The core is pure"),
    ("core", "from time import time", "The core is pure"),
    ("ports", "import taskflowmq.client", "Layers"),
    ("ports", "import asyncpg", "Ports name no concrete library"),
    ("stores/sqlite", "import taskflowmq.stores.postgres", "The stores know nothing"),
    ("stores/sqlite", "import taskflowmq.brokers.redis", "Layers"),
    ("stores/sqlite", "import taskflowmq.worker", "Layers"),
    ("brokers/redis", "import taskflowmq.brokers.polling", "The brokers know nothing"),
    ("wire", "import taskflowmq.client", "Layers"),
    ("ports", "import taskflowmq.wire", "Layers"),
    ("telemetry", "import taskflowmq.stores.sqlite", "Layers"),
    ("client", "import taskflowmq.stores.sqlite", "Layers"),
    ("worker", "def f():\n    import taskflowmq.stores.sqlite", "Layers"),
    ("worker", "import taskflowmq.client", "Layers"),
    ("worker/settling", "import taskflowmq.worker.running", "Folders of the worker"),
    ("worker/running", "import taskflowmq.worker.claiming", "Folders of the worker"),
    ("worker/claiming", "import taskflowmq.worker.watches", "Folders of the worker"),
    ("worker/watches", "import taskflowmq.worker.supervision", "Folders of the worker"),
    ("worker/surprise", "", "Folders of the worker"),
    ("scheduler", "import taskflowmq.bootstrap", "Layers"),
    ("tasks", "import taskflowmq.stores.sqlite", "Only bootstrap, and cli"),
    ("server/api", "import taskflowmq.stores.sqlite", "Only bootstrap, and cli"),
    ("server/api", "import taskflowmq.bootstrap", "Only the programs' entry points"),
    ("server/api", "import taskflowmq.worker", "Routes call the client"),
    ("server/api", "import asyncpg", "Routes call the client"),
    ("server/api", "import taskflowmq.server.openapi", "Rooms of the server"),
    ("server/edge", "import taskflowmq.server.api", "Rooms of the server"),
    ("server/surprise", "", "Rooms of the server"),
    ("server/app", "import taskflowmq.bootstrap", "Layers"),
    ("bench", "import taskflowmq.brokers.redis", "Only bootstrap, and cli"),
    ("surprise", "", "Layers"),
]


def lint(root: Path, sources: dict[str, str]) -> str:
    """Write a package with these modules and return the contracts that it breaks."""
    package = root / "src" / "taskflowmq"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for name, source in sources.items():
        for folder in [package / name, *(package / name).parents]:
            if folder == package:
                break
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "__init__.py").touch()
        (package / name / "__init__.py").write_text(source, encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as main; main()",
        "--no-cache",
    ]
    done = subprocess.run(
        [*command, "--config", str(ROOT / "pyproject.toml")],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = [line for line in done.stdout.splitlines() if line.strip().endswith("BROKEN")]
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    assert bool(broken) == (done.returncode != 0), done.stdout
    return "\n".join(broken)


def test_what_the_design_allows_passes(tmp_path: Path) -> None:
    assert lint(tmp_path, {**dict.fromkeys(FOLDERS, ""), **ALLOWED}) == ""


def test_missing_folders_are_borne(tmp_path: Path) -> None:
    assert lint(tmp_path, {"core": ""}) == ""


@pytest.mark.parametrize(("module", "source", "contract"), MUTANTS)
def test_each_layer_mutant_is_caught(tmp_path: Path, module: str, source: str, contract: str) -> None:
    broken = lint(tmp_path, {**dict.fromkeys(FOLDERS, ""), module: source})
    assert contract in broken


@pytest.mark.parametrize("back", ["import taskflowmq.client.app", "def f():\n    import taskflowmq.client.app"])
def test_a_circle_inside_a_folder_is_caught(tmp_path: Path, back: str) -> None:
    circle = {"client/app": "import taskflowmq.client.task", "client/task": back}
    assert "No circle" in lint(tmp_path, {**dict.fromkeys(FOLDERS, ""), **circle})


def test_an_import_for_types_closes_a_circle_too(tmp_path: Path) -> None:
    back = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import taskflowmq.client.app"
    circle = {"client/app": "import taskflowmq.client.task", "client/task": back}
    assert "No circle" in lint(tmp_path, {**dict.fromkeys(FOLDERS, ""), **circle})
