"""Check the dashboard: Biome, TypeScript, the drift of its API types, and the budgets of its build.

What was right of the same sources before is not run again. Where npm's packages cannot be had, the checks that did not
run are named, and on CI that is a failure.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tools.api_types import DASHBOARD, TYPES, document, generate
from tools.node import FOLDER, Node, ToolFailed, Unavailable, find
from tools.problems import ROOT, report

from tools import build_dashboard, bundle, npm

#: As they are named when they did not run.
CHECKS = "Biome, TypeScript, drift of dashboard/src/api/schema.d.ts, bundle budgets"
BIOME = ("@biomejs/biome/bin/biome", "ci", "--colors=off", "--reporter=concise", "--max-diagnostics=100", ".")
#: What TypeScript knows of unchanged files saves most of its time.
KNOWN = ("--incremental", "--tsBuildInfoFile", "../build/dashboard.tsbuildinfo")
TSC = ("typescript/bin/tsc", "--noEmit", "--pretty", "false", *KNOWN)
#: What the description of the API is made of.
API = ROOT / "src/taskflowmq"


class Passed:
    """What has passed before, by the digest of what it looked at."""

    def __init__(self, folder: Path = FOLDER / "passed") -> None:
        self._folder = folder

    def has(self, check: str, digest: str) -> bool:
        """Whether the check has passed with this."""
        path = self._folder / check
        return path.is_file() and path.read_text() == digest

    def note(self, check: str, digest: str) -> None:
        """Remember that it passed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # Never written in place: environments of other clones may share the file.
        fresh = self._folder / f".{check}.{os.getpid()}"
        fresh.write_text(digest)
        fresh.replace(self._folder / check)


def check_sources(node: Node, passed: Passed, folder: Path = DASHBOARD) -> bool:
    """Run Biome and TypeScript beside each other, unless these sources have passed; return whether both are content."""
    digest = build_dashboard.digest(folder)
    tools = {"biome": BIOME, "types": TSC}
    todo = {name: command for name, command in tools.items() if not passed.has(name, digest)}

    def run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        script, *arguments = command
        line = node.command(folder / "node_modules" / script, *arguments)
        return subprocess.run(  # noqa: S603 - the pinned tools
            line, cwd=folder, env=npm.environment(node), capture_output=True, text=True, check=False
        )

    right = True
    with ThreadPoolExecutor() as threads:
        for name, done in zip(todo, threads.map(run, todo.values()), strict=True):
            if done.returncode:
                right = False
                print(f"{done.stdout}{done.stderr}".rstrip(), file=sys.stderr)
            else:
                passed.note(name, digest)
    print(f"dashboard: Biome and TypeScript {'ok' if right else 'have problems (make fmt repairs the format)'}")
    return right


def check_types(
    node: Node, passed: Passed, types: Path = TYPES, describe: Callable[[], bytes] = document, api: Path = API
) -> bool:
    """Compare the committed types with those of the API as it is, unless both have been compared."""
    digest = _digest([types, DASHBOARD / "package-lock.json", *sorted(api.rglob("*.py"))])
    if not passed.has("schema", digest):
        if types.read_text(encoding="utf-8") != generate(node, describe()):
            print(f"{types.name} is not what the API is now: run `make api-types` and commit it", file=sys.stderr)
            return False
        passed.note("schema", digest)
    print(f"dashboard: {types.name} is current")
    return True


def _digest(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def check_bundle() -> bool:
    """Build, unless it is built, and measure."""
    build_dashboard.build()
    problems, sizes = bundle.check(build_dashboard.OUTPUT)
    return not report("bundle", problems, str(sizes))


def run(node: Node, passed: Passed) -> bool:
    """Run every check; return whether all are content."""
    checks: list[Callable[[], bool]] = [
        partial(check_sources, node, passed),
        partial(check_types, node, passed),
        check_bundle,
    ]
    results: list[bool] = []
    for check in checks:
        try:
            results.append(check())
        except ToolFailed as error:
            print(error, file=sys.stderr)
            results.append(False)
    return all(results)


def repair(node: Node) -> bool:
    """Let Biome format, sort imports, and repair what is safe."""
    script, *_ = BIOME
    command = node.command(DASHBOARD / "node_modules" / script, "check", "--write", "--colors=off", ".")
    return not subprocess.run(command, cwd=DASHBOARD, env=npm.environment(node), check=False).returncode  # noqa: S603 - Biome


def main() -> int:
    """Run the checks, or with --write repair what can be repaired."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="repair the format")
    write: bool = parser.parse_args().write
    try:
        npm.ensure(DASHBOARD, find, dev=True)
        right = repair(find()) if write else run(find(), Passed())
    except Unavailable as error:
        print(f"NOT CHECKED: {CHECKS}\n{error}", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
