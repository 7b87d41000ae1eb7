"""The types of the public API, judged by mypy over examples that must and must not pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["accepted.py", "refused.py"])
def test_mypy_agrees(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.getbasetemp() / "mypy"
    out, err, code = api.run(
        [
            "--strict",
            "--warn-unused-ignores",
            "--follow-imports=silent",
            "--no-error-summary",
            f"--cache-dir={cache}",
            "--config-file=",
            str(HERE / name),
        ]
    )
    assert (code, out, err) == (0, "", ""), out
