"""Where programs listen, and what they refuse or say about it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from tests.cli.conftest import Cli

from taskflowmq.server.settings import warn_of_plain_http


@pytest.mark.parametrize("key", ["too-short-a-word", "changeme-changeme-changeme-changeme-1"])
def test_the_probes_of_a_worker_take_strong_keys_only(key: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_API_KEYS", key)
    for arguments in (("worker", "--health-port", "0"), ("server", "--port", "0")):
        ran = cli(*arguments)
        assert ran.code == 2
        assert "API key 1 in TASKFLOW_API_KEYS" in ran.err
        assert key not in ran.err


@pytest.mark.parametrize(("host", "lines"), [("0.0.0.0", 1), ("::", 1), ("192.0.2.7", 1), ("127.0.0.1", 0), ("::1", 0)])
def test_plain_http_beyond_this_machine_is_said_aloud(host: str, lines: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="taskflowmq"):
        warn_of_plain_http(host)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == lines
    assert all(host in line and "--tls-proxy" in line for line in said)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://u:p@localhost:99999/x", "a number up to 65535, not '99999'"),
        ("postgresql://a:1,[::1]:70000/x", "a number up to 65535, not '70000'"),
        ("sqlite:///a%00.db", "cannot hold a NUL"),
    ],
)
def test_an_address_that_names_nothing_is_a_usage_error(address: str, said: str, cli: Cli) -> None:
    ran = cli("jobs", "list", "--database-url", address)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert said in ran.err


def test_an_address_beside_one_in_a_file_is_refused(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("sqlite:///other.db")
    monkeypatch.setenv("TASKFLOW_DATABASE_URL_FILE", str(tmp_path / "url"))
    ran = cli("jobs", "list")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "are both set" in ran.err
    assert cli("jobs", "list", "--database-url", f"sqlite:///{tmp_path}/given.db").code == 3


def test_links_that_lead_in_a_circle_are_no_store(cli: Cli, tmp_path: Path) -> None:
    for one, other in (("a.db", "b.db"), ("b.db", "a.db")):
        (tmp_path / one).symlink_to(other)
    for command in (("jobs", "list"), ("db", "migrate"), ("doctor",)):
        ran = cli(*command, "--database-url", f"sqlite:///{tmp_path}/a.db")
        assert ran.code == (1 if command == ("doctor",) else 3)
        assert "Traceback" not in ran.out + ran.err
        assert "symbolic links" in ran.out + ran.err
