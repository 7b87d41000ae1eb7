"""Settings: what is accepted, errors that name the variable, and secrets that stay secret."""

import json
from pathlib import Path

import pytest

from taskflowmq.tasks.errors import SettingsError
from taskflowmq.tasks.settings import SmtpServer, SqlSource, TaskSettings

SOURCES = {"people": {"url": "sqlite:///people.db", "query": "SELECT 1"}}


def test_nothing_is_set() -> None:
    settings = TaskSettings.from_env({})
    for call, variable in (
        (settings.require_files_dir, "TASKFLOW_FILES_DIR"),
        (settings.require_smtp, "TASKFLOW_SMTP_URL"),
        (lambda: settings.require_source("x"), "TASKFLOW_CSV_SOURCES"),
    ):
        with pytest.raises(SettingsError, match=variable):
            call()
    with pytest.raises(SettingsError, match="TASKFLOW_SMTP_FROM"):
        TaskSettings.from_env({"TASKFLOW_SMTP_URL": "smtp://h"}).require_smtp()


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.test", SmtpServer("mail.test", 587, "starttls")),
        ("smtp://mail.test:25/?tls=none", SmtpServer("mail.test", 25, "none")),
        ("smtp://a%40b:p%3Aw@mail.test?tls=implicit", SmtpServer("mail.test", 465, "implicit", "a@b", "p:w")),
        ("smtp://u:p@localhost:2525?tls=none", SmtpServer("localhost", 2525, "none", "u", "p")),
        ("smtp://[::1]:26?tls=starttls", SmtpServer("::1", 26, "starttls")),
    ],
)
def test_mail_servers(url: str, server: SmtpServer) -> None:
    assert TaskSettings.from_env({"TASKFLOW_SMTP_URL": url}).smtp == server


MALFORMED = [
    ("TASKFLOW_SMTP_URL", "mail.test:25"),
    ("TASKFLOW_SMTP_URL", "smtps://canary:canary@h"),
    ("TASKFLOW_SMTP_URL", "smtp://"),
    ("TASKFLOW_SMTP_URL", "smtp://u:canary@h:99999"),
    ("TASKFLOW_SMTP_URL", "smtp://u:canary@h:port"),
    ("TASKFLOW_SMTP_URL", "smtp://u:canary@[h"),
    ("TASKFLOW_SMTP_URL", "smtp://u:canary@h?tls=maybe"),
    ("TASKFLOW_SMTP_URL", "smtp://u:canary@h?TLS=none"),
    ("TASKFLOW_SMTP_URL", "smtp://u:canary@h?tls"),
    ("TASKFLOW_SMTP_URL", "smtp://u:canary@h/path"),
    ("TASKFLOW_SMTP_URL", "smtp://canary@h"),
    ("TASKFLOW_SMTP_URL", "smtp://u:canary@mail.test?tls=none"),
    ("TASKFLOW_SMTP_URL_FILE", "/nonexistent/file"),
    ("TASKFLOW_SMTP_FROM", "nobody"),
    ("TASKFLOW_SMTP_FROM", "a@b.test, c@d.test"),
    ("TASKFLOW_HTTP_ALLOW", "http://x"),
    ("TASKFLOW_HTTP_ALLOW", "10.0.0.1/8"),
    ("TASKFLOW_HTTP_ALLOW", "ok.test,127.1"),
    ("TASKFLOW_HTTP_ALLOW", "h:0"),
    ("TASKFLOW_HTTP_ALLOW", "*"),
    ("TASKFLOW_HTTP_TIMEOUT", "0"),
    ("TASKFLOW_HTTP_TIMEOUT", "1e3"),
    ("TASKFLOW_CSV_MAX_ROWS", "-1"),
    ("TASKFLOW_IMAGE_MAX_PIXELS", "90000000"),
    ("TASKFLOW_CSV_SOURCES", "{canary"),
    ("TASKFLOW_CSV_SOURCES", "/nonexistent/file"),
    ("TASKFLOW_CSV_SOURCES", '{"a": 1}'),
    ("TASKFLOW_CSV_SOURCES", '{"a": {"url": "sqlite:///canary"}}'),
    ("TASKFLOW_CSV_SOURCES", '{"a": {"url": "mysql://u:canary@h", "query": "SELECT 1"}}'),
    ("TASKFLOW_CSV_SOURCES", '{"a": {"url": "sqlite:///canary", "query": " "}}'),
    ("TASKFLOW_CSV_SOURCES", '{"a": {"url": 1, "query": "SELECT 1"}}'),
]


@pytest.mark.parametrize(("variable", "value"), MALFORMED)
def test_errors_name_the_variable_and_show_no_secret(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable) as caught:
        TaskSettings.from_env({variable: value})
    assert "canary" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_repr_shows_no_secret() -> None:
    settings = TaskSettings.from_env(
        {
            "TASKFLOW_SMTP_URL": "smtp://canary:canary@mail.test",
            "TASKFLOW_CSV_SOURCES": '{"a": {"url": "postgresql://u:canary@h/d", "query": "SELECT 1"}}',
        }
    )
    assert "mail.test" in repr(settings)
    assert "canary" not in repr(settings)


def test_secrets_may_be_in_files(tmp_path: Path) -> None:
    (tmp_path / "smtp").write_text("smtp://mail.test\n")
    (tmp_path / "sources.json").write_text(json.dumps(SOURCES))
    expected = {"people": SqlSource("sqlite:///people.db", "SELECT 1")}
    for name in ("TASKFLOW_CSV_SOURCES", "TASKFLOW_CSV_SOURCES_FILE"):
        settings = TaskSettings.from_env(
            {"TASKFLOW_SMTP_URL_FILE": str(tmp_path / "smtp"), name: str(tmp_path / "sources.json")}
        )
        assert settings.smtp == SmtpServer("mail.test", 587, "starttls")
        assert settings.csv_sources == expected
    assert TaskSettings.from_env({"TASKFLOW_CSV_SOURCES": json.dumps(SOURCES)}).csv_sources == expected
    with pytest.raises(SettingsError, match="both set"):
        TaskSettings.from_env({"TASKFLOW_SMTP_URL": "smtp://h", "TASKFLOW_SMTP_URL_FILE": str(tmp_path / "smtp")})
