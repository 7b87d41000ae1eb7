"""Secrets in files, and names that look like settings of ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taskflowmq import TaskFlow
from taskflowmq.cli.enqueue import command
from taskflowmq.client.app import resolve_url
from taskflowmq.client.environment import (
    INTERNAL,
    InvalidSetting,
    is_service_link,
    known_names,
    secret,
    unknown_names,
)

SOURCE = Path(__file__).parents[2] / "src"


def test_every_variable_that_the_code_reads_is_known() -> None:
    read = set().union(*(re.findall(r"\bTASKFLOW_[A-Z_]*[A-Z]\b", path.read_text()) for path in SOURCE.rglob("*.py")))
    read |= {str(parameter.envvar) for parameter in command.params if parameter.envvar}
    assert {name.removesuffix("_FILE") for name in read} - INTERNAL == known_names()


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "url"
    path.write_text("postgresql://u:p@db/app\n")
    assert secret({"X": "a"}, "X") == "a"
    assert secret({"X": ""}, "X") is None
    assert secret({"X_FILE": str(path)}, "X") == "postgresql://u:p@db/app"
    with pytest.raises(InvalidSetting, match="both set"):
        secret({"X": "a", "X_FILE": str(path)}, "X")
    with pytest.raises(InvalidSetting, match="No such file"):
        secret({"X_FILE": str(tmp_path / "missing")}, "X")
    path.write_bytes(b"\xff")
    with pytest.raises(InvalidSetting, match="UTF-8"):
        secret({"X_FILE": str(path)}, "X")
    path.write_text(" \n")
    with pytest.raises(InvalidSetting, match="empty"):
        secret({"X_FILE": str(path)}, "X")


@pytest.mark.parametrize("name", ["TASKFLOW_DATABASE_URL", "DATABASE_URL"])
def test_the_address_of_the_store_may_lie_in_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("TASKFLOW_DATABASE_URL", "DATABASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "url").write_text(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "url"))
    assert resolve_url(None) == TaskFlow().url == f"sqlite:///{tmp_path / 'elsewhere.db'}"
    assert resolve_url("sqlite:///given.db") == "sqlite:///given.db"


def test_a_misspelt_name_is_reported_with_what_may_be_meant() -> None:
    given = {"TASKFLOW_CONCURENCY": "5", "TASKFLOW_QUEUES": "a", "TASKFLOW_ZZZ": "1", "PATH": "/"}
    first, second = unknown_names(given)
    assert first == "TASKFLOW_CONCURENCY is set, but TaskFlow has no such variable: did you mean TASKFLOW_CONCURRENCY?"
    assert second.startswith("TASKFLOW_ZZZ is set")
    assert unknown_names({f"{name}_FILE": "x" for name in ("TASKFLOW_API_KEYS", "TASKFLOW_DATABASE_URL")}) == []


def test_what_kubernetes_sets_beside_a_service_of_our_name_is_no_setting() -> None:
    links = {
        "TASKFLOW_SERVICE_HOST": "10.0.0.1",
        "TASKFLOW_SERVICE_PORT_HTTP": "8000",
        "TASKFLOW_PORT": "tcp://10.0.0.1:8000",
        "TASKFLOW_PORT_8000_TCP_ADDR": "10.0.0.1",
        "TASKFLOW_WORKER_SERVICE_HOST": "10.0.0.2",
    }
    assert unknown_names(links) == []
    assert [name for name, value in links.items() if is_service_link(name, value)] == ["TASKFLOW_PORT"]
    assert not is_service_link("TASKFLOW_PORT", "8000")


def test_a_device_without_end_is_no_secret() -> None:
    with pytest.raises(InvalidSetting, match="more than 1048576 bytes"):
        secret({"X_FILE": "/dev/zero"}, "X")
