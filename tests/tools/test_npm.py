"""npm installs once per lock, tries twice, and its failure is told with a remedy."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from tests.tools.programs import program
from tools.node import Node, Unavailable

from tools import npm

LOCK = {
    "": {"name": "dashboard"},
    "node_modules/react": {"version": "19.3.1", "integrity": "sha512-r"},
    "node_modules/vitest": {"version": "4.1.12", "integrity": "sha512-v", "dev": True},
    "node_modules/@esbuild/aix": {"version": "1.0.0", "integrity": "sha512-a", "optional": True},
}


def packages(**more: Any) -> str:
    return json.dumps({"packages": {**LOCK, **more}})


def installed(folder: Path, *names: str) -> None:
    content = {name: LOCK[name] for name in names}
    (folder / "node_modules").mkdir(exist_ok=True)
    (folder / "node_modules/.package-lock.json").write_text(json.dumps({"packages": content}))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(npm, "alone", lambda _name: nullcontext())
    folder = tmp_path / "dashboard"
    folder.mkdir()
    (folder / "package-lock.json").write_text(packages())
    return folder


def plays_npm(folder: Path, body: str) -> Node:
    """Return a Node whose npm is a script; it writes down how it was called."""
    script = program(folder.parent / "npm-cli.js", f'echo "$@" >> {folder.parent}/calls\n{body}')
    return Node(Path("/bin/sh"), script)


def calls(folder: Path) -> list[str]:
    return (folder.parent / "calls").read_text().splitlines()


def unwanted() -> Node:
    pytest.fail("nothing has to be installed")


def test_nothing_is_installed_twice(folder: Path) -> None:
    installed(folder, "node_modules/react")
    npm.ensure(folder, unwanted, dev=False)
    assert npm.missing(folder, dev=True) == "node_modules/vitest"
    installed(folder, "node_modules/react", "node_modules/vitest")
    npm.ensure(folder, unwanted, dev=True)
    npm.ensure(folder, unwanted, dev=False)


def test_another_lock_is_installed(folder: Path) -> None:
    installed(folder, "node_modules/react", "node_modules/vitest")
    changed = {"node_modules/react": {"version": "19.4.0", "integrity": "sha512-new"}}
    (folder / "package-lock.json").write_text(packages(**changed))
    assert npm.missing(folder, dev=False) == "node_modules/react"
    dropped = {name: entry for name, entry in LOCK.items() if name != "node_modules/vitest"}
    (folder / "package-lock.json").write_text(json.dumps({"packages": dropped}))
    assert npm.missing(folder, dev=False) == "node_modules/vitest"


def test_an_interrupted_installation_is_installed(folder: Path) -> None:
    (folder / "node_modules/react").mkdir(parents=True)
    assert npm.missing(folder, dev=False) == "node_modules/react"


@pytest.mark.parametrize(("had_dev", "kind"), [(False, "--omit=dev"), (True, "--include=dev")])
def test_what_tests_need_is_kept_where_it_was(folder: Path, had_dev: bool, kind: str) -> None:
    installed(folder, *(["node_modules/vitest"] if had_dev else []))
    npm.ensure(folder, lambda: plays_npm(folder, "exit 0"), dev=False)
    [call] = calls(folder)
    assert call.startswith(f"ci {kind} --ignore-scripts ")


def test_the_second_attempt_counts(folder: Path) -> None:
    npm.ensure(folder, lambda: plays_npm(folder, 'test "$(wc -l < ../calls)" = 2'), dev=False)
    assert len(calls(folder)) == 2


def test_a_failure_says_what_npm_said_and_what_to_do(folder: Path) -> None:
    log = r"printf 'npm http fetch GET 503 x\nnpm error code E503\nnpm error busy\n    at stack\n' >&2; exit 1"
    with pytest.raises(Unavailable) as told:
        npm.ensure(folder, lambda: plays_npm(folder, log), dev=False)
    assert str(told.value) == f"npm could not install the packages of dashboard/: code E503\nbusy\n{npm.ADVICE}"
    assert len(calls(folder)) == 2


def test_a_silent_registry_is_given_up_early_and_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npm, "FIRST_ANSWER_S", 0.2)
    with pytest.raises(Unavailable, match="no answer from its registry"):
        npm.ensure(folder, lambda: plays_npm(folder, "exec sleep 600"), dev=False)
    assert len(calls(folder)) == 1


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("npm http fetch GET 200 https://registry.example/react 12ms (cache miss)", True),
        ("npm http fetch GET 304 https://registry.example/react 12ms (cache revalidated)", True),
        ("npm http cache react@https://registry.example/react.tgz 0ms (cache hit)", True),
        ("npm http fetch GET https://registry.example/react attempt 1 failed with ETIMEDOUT", False),
        ("npm http fetch GET 503 https://registry.example/react 12ms", False),
        ("npm warn Unknown user config", False),
    ],
)
def test_what_counts_as_an_answer(line: str, answers: bool) -> None:
    assert bool(npm.ANSWER.match(line)) == answers


@pytest.mark.parametrize(("set_by_the_user", "trusts"), [(None, "1"), ("0", "0")])
def test_node_trusts_the_certificates_of_the_system_unless_told_not_to(
    set_by_the_user: str | None, trusts: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NODE_USE_SYSTEM_CA", raising=False)
    if set_by_the_user is not None:
        monkeypatch.setenv("NODE_USE_SYSTEM_CA", set_by_the_user)
    body = f'echo "$NODE_USE_SYSTEM_CA" > {folder.parent}/trusts; exit 0'
    npm.ensure(folder, lambda: plays_npm(folder, body), dev=False)
    assert (folder.parent / "trusts").read_text().strip() == trusts
