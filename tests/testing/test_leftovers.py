"""A failure, or what was left open, is told where it happened, and of no test after it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import gc, signal, socket

def test_leaves_a_socket_open_and_fails():
    left = socket.socket()
    assert left is None

def test_has_nothing_to_do_with_it():
    gc.collect()

def test_fails_too():
    assert False

def test_is_innocent():
    gc.collect()

def test_leaves_a_socket_open_in_a_circle():
    left = [socket.socket()]
    left.append(left)

def test_is_innocent_too():
    gc.collect()

def test_leaves_a_signal_blocked():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plugin", "ended"),
    [
        ("tests.leftovers", "2 failed, 5 passed, 2 errors"),
        ("no:faker", "4 failed, 3 passed"),
    ],
)
def test_what_a_test_leaves_is_held_against_no_other(tmp_path: Path, plugin: str, ended: str) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", plugin, "-p", "no:cacheprovider", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
    )  # fmt: skip
    assert ended in ran.stdout, ran.stdout + ran.stderr
