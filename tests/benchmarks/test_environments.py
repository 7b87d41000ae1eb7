"""Peers that cannot be installed are told apart from those that can; the comparison goes on without them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.compare import __main__ as command
from benchmarks.compare import environments
from benchmarks.compare.environments import Unavailable
from benchmarks.compare.peer import Peer

NEVER = "3.99"


def program(folder: Path, name: str, code: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / name
    made.write_text(f"#!/bin/sh\nexit {code}\n")
    made.chmod(0o755)
    return made


def test_this_python_will_do_where_nothing_newer_is_asked_for() -> None:
    assert environments.interpreter("") == sys.executable
    assert environments.interpreter("3.11") == sys.executable


def test_a_newer_python_is_one_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "shims", "python3.98", 127)
    real = program(tmp_path / "pyenv" / "versions" / "3.98.1" / "bin", "python3.98", 0)
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr(environments, "NEWEST_MINOR", 98)

    assert environments.interpreter("3.97") == str(real)


def test_a_peer_without_its_python_does_not_run_and_the_others_do(capsys: pytest.CaptureFixture[str]) -> None:
    ours = Peer("ours", "sqlite", "python", "taskflow", (), ())
    other = Peer("other", "sqlite", "python", "nowhere", ("nothing==1",), (), python=NEVER)

    prepared, absent = command._prepare([other, ours])

    assert list(prepared) == ["ours"]
    assert absent == {"other": f"needs Python {NEVER} or newer, and there is none here"}
    assert "other DOES NOT RUN" in capsys.readouterr().err


def test_a_program_that_is_not_there_makes_its_peer_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match="no-such-program"):
        environments._run(["no-such-program"])
