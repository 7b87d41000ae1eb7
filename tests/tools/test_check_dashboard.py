"""Each checker of the dashboard catches a mutant, forgets nothing that changed, and says when it did not run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tools.api_types import DASHBOARD, document, generate
from tools.check_dashboard import CHECKS, Passed, check_sources, check_types
from tools.node import Node, find
from tools.problems import ROOT

from tools import npm

#: What Biome must refuse: path → rule and text.
REFUSED = {
    "src/features/jobs/page.tsx": ("noRestrictedImports", 'import { a } from "@/features/queues/page";\nconsume(a);'),
    "src/features/jobs/row.tsx": ("noRestrictedImports", 'import { a } from "../queues/page";\nconsume(a);'),
    "src/features/jobs/head.tsx": ("noRestrictedImports", 'import { a } from "@/app/router";\nconsume(a);'),
    "src/ui/button.tsx": ("noRestrictedImports", 'import { a } from "@/api/queries";\nconsume(a);'),
    "src/ui/badge.tsx": ("noRestrictedImports", 'import { a } from "@/live/hub";\nconsume(a);'),
    "src/live/patch.ts": ("noRestrictedImports", 'import { a } from "@/ui/button";\nconsume(a);'),
    "src/api/client.ts": ("noRestrictedImports", 'import { a } from "@/live/patch";\nconsume(a);'),
    "src/lib/format.ts": ("noRestrictedImports", 'import { a } from "@/api/client";\nconsume(a);'),
    "src/ui/empty.tsx": ("noJsxLiterals", "export const Empty = () => <p>Nothing here</p>;"),
    "src/ui/close.tsx": ("plugin", 'export const Close = () => <img alt="Close the drawer" />;'),
    "src/ui/braces.tsx": ("plugin", 'export const Braces = () => <img alt={"Close the drawer"} />;'),
    "src/ui/template.tsx": ("plugin", "export const Template = () => <img alt={`${n} of ${m}`} />;"),
    "src/lib/log.ts": ("noConsole", 'console.log("here");'),
    "src/lib/one.ts": ("noImportCycles", 'import { two } from "./two";\nexport const one = () => two;'),
    "src/lib/two.ts": ("noImportCycles", 'import { one } from "./one";\nexport const two = () => one;'),
    "src/ui/large.tsx": ("noExcessiveLinesPerFile", "consume(1);\n" * 301),
    "src/lib/wide.ts": ("format", "export const   wide=1"),
}
FINDING = re.compile(r"^× (src/[^:]+):(?:\d+:\d+:)? (?:lint/\w+/)?(\w+):", re.MULTILINE)
ALLOWED = {
    "src/features/queues/page.tsx": 'import { b } from "@/ui/button";\nimport { c } from "./part";\nconsume(b, c);',
    "src/ui/live-badge.tsx": 'import { status } from "@/live/status";\nconsume(status);',
    "src/ui/ratio.tsx": 'export const Ratio = () => <p className="grow">\n  {a}/{b}\n</p>;',
    "src/ui/mark.tsx": "export const Mark = () => <img alt={words.mark} className={`a ${b}`} />;",
    "src/ui/close.test.tsx": 'test("a", () => <img alt="Close the drawer" />);',
    "src/app/router.tsx": 'import { a } from "@/features/jobs/page";\nconsume(a);',
}


@pytest.fixture(scope="module")
def node() -> Node:
    npm.ensure(DASHBOARD, find, dev=True)
    return find()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The configuration of the dashboard without its sources."""
    folder = tmp_path / "dashboard"
    (folder / "src").mkdir(parents=True)
    for name in ("biome.json", "words.grit", "package.json", "tsconfig.json"):
        shutil.copy(DASHBOARD / name, folder / name)
    (folder / "node_modules").symlink_to(DASHBOARD / "node_modules")
    return folder


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text if text.endswith("\n") else f"{text}\n")


def test_biome_refuses_what_breaks_a_rule_of_the_dashboard(folder: Path, node: Node) -> None:
    for name, text in ALLOWED.items():
        write(folder, name, text)
    for name, (_rule, text) in REFUSED.items():
        write(folder, name, text)
    script = DASHBOARD / "node_modules/@biomejs/biome/bin/biome"
    command = node.command(script, "ci", "--colors=off", "--reporter=concise", "--max-diagnostics=none", "src")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    found = {
        (match[1], match[2])
        for match in re.finditer(r"^× (src/[^:]+):(?:\d+:\d+:)? (?:lint/\w+/)?(\w+):", told, re.MULTILINE)
    }
    for name, (rule, _text) in REFUSED.items():
        assert (name, rule) in found, f"{name} was not refused by {rule}:\n{told}"
    assert not [name for name, rule in found if name in ALLOWED and rule != "format"], told


@pytest.mark.slow
def test_a_wrong_type_is_found_and_sources_that_passed_are_not_checked_again(
    folder: Path, node: Node, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    passed = Passed(tmp_path / "passed")
    (folder / "tsconfig.json").write_text('{ "compilerOptions": { "strict": true }, "include": ["src"] }\n')
    write(folder, "src/main.ts", 'export const wrong: number = "one";')
    assert not check_sources(node, passed, folder)
    assert "src/main.ts(1,14): error TS2322" in capfd.readouterr().err
    write(folder, "src/main.ts", "export const right: number = 1;")
    assert check_sources(node, passed, folder)
    # Nothing changed: nothing runs, so that a Node which cannot start is not noticed.
    assert check_sources(Node(Path("/nowhere/node"), Path("/nowhere/npm")), passed, folder)


@pytest.mark.slow
def test_the_types_are_compared_with_the_api_as_it_is(
    node: Node, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    passed, api, types = Passed(tmp_path / "passed"), tmp_path / "api", tmp_path / "schema.d.ts"
    api.mkdir()
    (api / "routes.py").write_text("one = 1\n")
    described = document()
    types.write_text(generate(node, described))
    assert check_types(node, passed, types, lambda: described, api)
    changed = json.loads(described)
    del changed["paths"]["/api/v1/queues"]
    # The same sources are not described again; other sources are.
    assert check_types(node, passed, types, lambda: pytest.fail("unchanged"), api)
    (api / "routes.py").write_text("two = 2\n")
    assert not check_types(node, passed, types, lambda: json.dumps(changed).encode(), api)
    assert "run `make api-types`" in capfd.readouterr().err
    types.write_text(types.read_text() + "// by hand\n")
    assert not check_types(node, passed, types, lambda: described, api)


@pytest.mark.parametrize(("variables", "code"), [({}, 0), ({"CI": "true"}, 1)])
def test_checks_that_cannot_run_are_named_and_fail_on_ci(variables: dict[str, str], code: int) -> None:
    program = "import sys; from tools import npm, check_dashboard; npm.missing = lambda *_, **__: 'react'"
    command = [sys.executable, "-c", f"{program}; sys.exit(check_dashboard.main())"]
    clean = {name: value for name, value in os.environ.items() if name != "CI"}
    environment = {**clean, **variables, "NODE": "/nowhere/node"}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == code, told.stderr
    assert told.stderr.startswith(f"NOT CHECKED: {CHECKS}\n")
    assert "NODE=/nowhere/node does not start" in told.stderr
