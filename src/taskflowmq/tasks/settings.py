"""What the operator decides for the built-in tasks, read from the environment.

| variable | meaning |
|---|---|
| `TASKFLOW_FILES_DIR` | the one directory below which tasks read and write files |
| `TASKFLOW_SMTP_URL` (secret) | `smtp://user:password@host:port?tls=starttls` (or `implicit`, `none`) |
| `TASKFLOW_SMTP_FROM` | the sender of every mail, such as `TaskFlow <jobs@example.org>` |
| `TASKFLOW_HTTP_ALLOW` | comma list of host, host:port, address or CIDR that may be private and plain http |
| `TASKFLOW_HTTP_TIMEOUT` | seconds for a whole HTTP call, redirects included; 30 |
| `TASKFLOW_CSV_SOURCES` (secret) | JSON or a path: `{"name": {"url": "sqlite:///…", "query": "SELECT …"}}` |
| `TASKFLOW_CSV_MAX_ROWS` | most rows of one export; 1,000,000 |
| `TASKFLOW_IMAGE_MAX_PIXELS` | most pixels of a picture that is decoded; 50,000,000 |
| `TASKFLOW_IMAGE_MAX_MEMORY_MB` | most memory for one picture; 250 |

A secret may also be given as NAME_FILE, the path of a file that holds it. What must stay true: no secret has
a default, none appears in `repr` or in an error, and every error names the variable and shows what is
expected.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from taskflowmq.client.environment import InvalidSetting, secret
from taskflowmq.tasks.errors import InvalidInput, SettingsError
from taskflowmq.tasks.mail_address import Mailbox
from taskflowmq.tasks.netpolicy import ALLOW_VARIABLE, HttpAllow

Tls = Literal["starttls", "implicit", "none"]

_SMTP_PORTS: dict[Tls, int] = {"starttls": 587, "implicit": 465, "none": 25}
_SMTP_SHAPE = "Write smtp://user:password@host:port?tls=starttls (or tls=implicit, or tls=none)."
_SOURCES_SHAPE = (
    'Write {"name": {"url": "sqlite:///… or postgresql://…", "query": "SELECT …"}}, or the path of such a file.'
)
# Pillow itself only warns above 89,478,485 pixels. Below that, our check, which refuses, is the first one.
_PIXEL_CEILING = 89_000_000


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over.

    Attributes:
        host: name or address of the server.
        port: TCP port.
        tls: "starttls" (must succeed), "implicit" (TLS from the first byte) or "none".
        user: login name, or None to send without login.
        password: its password.
    """

    host: str
    port: int
    tls: Tls
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SqlSource:
    """A read-only query that csv-export may run by name.

    Attributes:
        url: `sqlite:///path` or `postgresql://…`.
        query: one SELECT statement.
    """

    url: str = field(repr=False)
    query: str


@dataclass(frozen=True)
class TaskSettings:
    """Settings of the built-in tasks; what is not set is missed only by the task that needs it."""

    files_dir: Path | None = None
    smtp: SmtpServer | None = None
    smtp_from: Mailbox | None = None
    http_allow: HttpAllow = field(default_factory=HttpAllow)
    http_timeout: float = 30.0
    csv_sources: Mapping[str, SqlSource] = field(default_factory=dict)
    csv_max_rows: int = 1_000_000
    image_max_pixels: int = 50_000_000
    image_max_memory_mb: int = 250

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "TaskSettings":
        """Read the settings.

        Args:
            environ: variables by name; the process environment if None.

        Returns:
            The settings, checked.

        Raises:
            SettingsError: a variable is malformed; the message names it.
        """
        env = os.environ if environ is None else environ
        files_dir = env.get("TASKFLOW_FILES_DIR")
        return cls(
            files_dir=Path(files_dir).absolute() if files_dir else None,
            smtp=_smtp(_secret(env, "TASKFLOW_SMTP_URL")),
            smtp_from=_sender(env.get("TASKFLOW_SMTP_FROM")),
            http_allow=HttpAllow.parse(env.get(ALLOW_VARIABLE, "")),
            http_timeout=_number(env, "TASKFLOW_HTTP_TIMEOUT", default=30, most=3600),
            csv_sources=_sources(_secret(env, "TASKFLOW_CSV_SOURCES")),
            csv_max_rows=_number(env, "TASKFLOW_CSV_MAX_ROWS", default=1_000_000, most=100_000_000),
            image_max_pixels=_number(env, "TASKFLOW_IMAGE_MAX_PIXELS", default=50_000_000, most=_PIXEL_CEILING),
            image_max_memory_mb=_number(env, "TASKFLOW_IMAGE_MAX_MEMORY_MB", default=250, most=1_000_000),
        )

    def require_files_dir(self) -> Path:
        """Return the directory for files, or raise SettingsError if none is set."""
        if self.files_dir is None:
            raise SettingsError("TASKFLOW_FILES_DIR is not set. Set it to the directory that tasks may use for files.")
        return self.files_dir

    def require_smtp(self) -> tuple[SmtpServer, Mailbox]:
        """Return the mail server and the sender, or raise SettingsError naming what is missing."""
        if self.smtp is None:
            raise SettingsError(f"TASKFLOW_SMTP_URL is not set, so no mail can be sent. {_SMTP_SHAPE}")
        if self.smtp_from is None:
            raise SettingsError("TASKFLOW_SMTP_FROM is not set. Set it to the sender, such as jobs@example.org.")
        return self.smtp, self.smtp_from

    def require_source(self, name: str) -> SqlSource:
        """Return the SQL source of that name, or raise SettingsError if there is none."""
        source = self.csv_sources.get(name)
        if source is None:
            known = ", ".join(sorted(self.csv_sources)) or "none"
            raise SettingsError(f"TASKFLOW_CSV_SOURCES has no source {name!r} (it has: {known}). {_SOURCES_SHAPE}")
        return source


def _secret(env: Mapping[str, str], name: str) -> str | None:
    try:
        return secret(env, name)
    except InvalidSetting as error:
        raise SettingsError(str(error)) from None


def _read(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsError(
            f"{variable} names an unreadable file ({why}). Check the path and its permissions."
        ) from None


def _smtp(url: str | None) -> SmtpServer | None:
    if url is None:
        return None
    # The parser's own errors quote the URL, and with it the password: none of them may get out.
    try:
        parts = urlsplit(url)
        port = parts.port
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise SettingsError(f"TASKFLOW_SMTP_URL is not a valid URL. {_SMTP_SHAPE}") from None
    tls = (options.pop("tls", None) or ["starttls"])[-1]
    if parts.scheme != "smtp" or not parts.hostname or parts.path not in ("", "/") or options or parts.fragment:
        raise SettingsError(f"TASKFLOW_SMTP_URL has parts that are missing or unknown. {_SMTP_SHAPE}")
    if tls not in _SMTP_PORTS:
        raise SettingsError(f"TASKFLOW_SMTP_URL has an unknown value of tls. {_SMTP_SHAPE}")
    user, password = _login(parts, tls)
    return SmtpServer(parts.hostname, port or _SMTP_PORTS[tls], tls, user, password)


def _login(parts: SplitResult, tls: Tls) -> tuple[str | None, str | None]:
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    if (user is None) != (password is None):
        raise SettingsError(f"TASKFLOW_SMTP_URL has a user or a password, but not both. {_SMTP_SHAPE}")
    if user and tls == "none" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise SettingsError("TASKFLOW_SMTP_URL would send a password unencrypted. Use tls=starttls or tls=implicit.")
    return user, password


def _sender(text: str | None) -> Mailbox | None:
    if not text:
        return None
    try:
        return Mailbox.parse(text)
    except InvalidInput as error:
        raise SettingsError(f"TASKFLOW_SMTP_FROM is not a mail address: {error}") from None


def _number(env: Mapping[str, str], name: str, *, default: int, most: int) -> int:
    text = env.get(name)
    if not text:
        return default
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0
    if not 1 <= value <= most:
        raise SettingsError(f"{name} must be a whole number from 1 to {most}, not {text!r}.")
    return value


def _sources(text: str | None) -> dict[str, SqlSource]:
    if text is None:
        return {}
    if not text.lstrip().startswith("{"):
        text = _read("TASKFLOW_CSV_SOURCES", text)
    try:
        document = json.loads(text)
    except ValueError as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "the text"
        raise SettingsError(f"TASKFLOW_CSV_SOURCES is not JSON ({where}). {_SOURCES_SHAPE}") from None
    if not isinstance(document, dict):
        raise SettingsError(f"TASKFLOW_CSV_SOURCES is not a JSON object. {_SOURCES_SHAPE}")
    return {name: _source(name, entry) for name, entry in document.items()}


def _source(name: str, entry: object) -> SqlSource:
    if not isinstance(entry, dict) or set(entry) != {"url", "query"}:
        raise SettingsError(f"TASKFLOW_CSV_SOURCES: {name!r} needs exactly the keys url and query. {_SOURCES_SHAPE}")
    url, query = entry["url"], entry["query"]
    if not isinstance(url, str) or not url.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise SettingsError(f"TASKFLOW_CSV_SOURCES: the url of {name!r} has an unknown scheme. {_SOURCES_SHAPE}")
    if not isinstance(query, str) or not query.strip():
        raise SettingsError(f"TASKFLOW_CSV_SOURCES: {name!r} has no query. {_SOURCES_SHAPE}")
    return SqlSource(url, query)
