"""What ``taskflow doctor`` says of API keys, settings and apps."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Cli


def test_doctor_counts_keys_by_role_and_names_a_wrong_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli("db", "migrate").code == 0
    strong = "k7Qw2-mZ9_vR4tY8uB1nC6xL3pD5sF0aHgJ"
    monkeypatch.setenv("TASKFLOW_API_KEYS", f"viewer:{strong}a,viewer:{strong}b,{strong}c")
    checks = cli("doctor", "--json").json["checks"]
    assert [(check["verdict"], check["detail"]) for check in checks if check["name"] == "keys"] == [
        ("OK", "3 API keys: 2 of role viewer, 1 of role owner")
    ]
    monkeypatch.setenv("TASKFLOW_API_KEYS", f"viwer:{strong}a")
    ran = cli("doctor", "--json")
    (found,) = [check for check in ran.json["checks"] if check["name"] == "keys"]
    assert (ran.code, found["verdict"]) == (1, "FAIL")
    assert "not a role" in found["detail"]
    assert strong not in ran.out
    monkeypatch.delenv("TASKFLOW_API_KEYS")
    assert not [check for check in cli("doctor", "--json").json["checks"] if check["name"] == "keys"]


def test_doctor_names_an_app_that_cannot_be_loaded(cli: Cli) -> None:
    cli("db", "migrate")
    ran = cli("doctor", "no_such_module:app", "--json")
    assert ran.code == 1
    found = {check["name"]: check for check in ran.json["checks"]}["app"]
    assert found["verdict"] == "FAIL"
    assert "no_such_module" in found["detail"]


def test_doctor_names_a_misspelt_setting(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("db", "migrate")
    monkeypatch.setenv("TASKFLOW_POL_SECONDS", "5")
    checks = cli("doctor", "--json").json["checks"]
    [found] = [check for check in checks if check["name"] == "settings"]
    assert found["verdict"] == "WARN"
    assert "did you mean TASKFLOW_POLL_SECONDS?" in found["detail"]
