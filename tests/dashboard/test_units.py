"""The dashboard's own tests pass: Vitest runs them, with the one Node that all tests see."""

from __future__ import annotations

import subprocess

import pytest
from tests.not_tested import cannot_test
from tools.api_types import DASHBOARD
from tools.node import Unavailable, from_wheel

from tools import npm


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_units_of_the_dashboard() -> None:
    try:
        node = from_wheel()
        npm.ensure(DASHBOARD, from_wheel, dev=True)
    except Unavailable as error:
        cannot_test("units of the dashboard (dashboard/src/**/*.test.ts)", error)
    command = node.command(DASHBOARD / "node_modules/vitest/vitest.mjs", "run")
    done = subprocess.run(
        command, cwd=DASHBOARD, env=npm.environment(node, "test"), capture_output=True, text=True, check=False
    )
    assert not done.returncode, f"Vitest failed:\n{done.stdout}{done.stderr}"
    print(done.stdout)
