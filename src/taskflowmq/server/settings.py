"""The settings of the server, and those with which it refuses to start."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.permissions import Role
from taskflowmq.core.system import Setting

log = logging.getLogger("taskflowmq.server")

MIB = 1024 * 1024
MIN_KEY_LENGTH = 32
#: Fewer different characters than this are a pattern, not a secret.
MIN_KEY_ALPHABET = 8
#: Words that mark a key as copied from an example.
_EXAMPLES = ("changeme", "change-me", "change_me", "example", "secret", "password", "api-key", "apikey", "test-key")
_ORIGIN = r"(?:'self'|https?:(?://(?:\*\.)?[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?)?)"
#: Who may show a page in a frame; anything else could end the directive and begin another one.
_ANCESTORS = re.compile(rf"'none'|{_ORIGIN}(?: {_ORIGIN}){{0,31}}")
#: What stands before the colon of a key with a role. Secrets are longer than any word.
_ROLE_WORD = re.compile(r"[A-Za-z_-]{1,16}")
_SEGMENT = r"/[A-Za-z0-9_~-][A-Za-z0-9._~-]*"
_PREFIX = re.compile(rf"(?:{_SEGMENT})+")
_MOST_PREFIX = 200
#: Under a prefix of these, a path with it and one without it could be the same.
_OWN_PATHS = ("/api/v1", "/assets", "/docs", "/health", "/metrics")


class UnsafeServer(TaskFlowError, ValueError):
    """The server's settings would expose it; it does not start."""

    code = "unsafe_server"


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ApiKey(msgspec.Struct, frozen=True):
    """An API key of the environment.

    Args:
        secret: what callers send.
        role: what they may do with it.
    """

    secret: str
    role: Role

    def __repr__(self) -> str:
        return f"ApiKey(role={self.role})"


class PublicDemo(msgspec.Struct, frozen=True, kw_only=True):
    """What everyone may do at a server that is open to look at.

    Args:
        jobs: task and arguments of the jobs that a visitor may enqueue, by turns.
        per_hour: how many in an hour of one address, and of all addresses.
        resets_at: when the store goes back to how it began, and again every hour; None: never.
    """

    jobs: tuple[tuple[str, Mapping[str, Any]], ...]
    per_hour: tuple[int, int] = (10, 600)
    resets_at: datetime | None = None


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one server process.

    Args:
        host: address to listen on; anything but loopback needs ``api_keys``.
        port: port to listen on.
        prefix: the path under which browsers reach the server, such as ``/ops/queue``; empty at the root. A proxy in
            front may keep it or strip it.
        api_keys: accepted keys, each ``ROLE:KEY`` or ``KEY`` for an owner; without any, only loopback peers are served.
        tls_proxy: whether a TLS proxy is in front of the server: cookies are for TLS only then.
        trusted_proxies: addresses or networks of proxies whose ``X-Forwarded-For`` says where a request comes from.
        max_body: bytes of a request body, bulk apart.
        max_bulk_body: bytes of a bulk request body.
        max_bodies: bytes of all bodies that are coming in, above which further ones are answered 503.
        body_seconds: time in which a body must have arrived.
        max_in_flight: most writes, and most reads, in progress at once; further requests get 503, except probes.
        max_waits: requests that wait for a job to end, above which others are answered 503.
        max_waits_each: of them, those of one caller (an API key; without keys this machine).
        max_streams: live feeds at once, above which others are answered 503.
        max_streams_each: of them, those of one caller.
        ready_seconds: time that the store has to answer the readiness probe.
        frame_ancestors: who may show the dashboard in a frame, as in a content security policy.
        environment: the name of this installation, such as production; the dashboard shows it.
        require_reason: whether every act on jobs, queues, workers and errors must say why.
        public: everyone who shows no key may read, as a visitor, and enqueue these jobs; None: keys are needed.
        playground: whether stress tests can be started over the API; the app must have their tasks, and a worker.
        configuration: what operators are shown of the settings of this process.
        fast_intake: serve ``POST /jobs`` by the bare ASGI handler (docs/adr/0003-http-server.md).
    """

    host: str = "127.0.0.1"
    port: int = 8000
    prefix: str = ""
    api_keys: tuple[str, ...] = ()
    tls_proxy: bool = False
    trusted_proxies: tuple[str, ...] = ()
    max_body: int = MIB
    max_bulk_body: int = 16 * MIB
    max_bodies: int = 256 * MIB
    body_seconds: float = 20.0
    max_in_flight: int = 2_000
    max_waits: int = 2_000
    max_waits_each: int = 1_000
    max_streams: int = 200
    max_streams_each: int = 8
    ready_seconds: float = 2.0
    frame_ancestors: str = "'none'"
    environment: str | None = None
    require_reason: bool = False
    public: PublicDemo | None = None
    playground: bool = False
    configuration: tuple[Setting, ...] = ()
    fast_intake: bool = True

    def __repr__(self) -> str:
        return f"ServerSettings(host={self.host!r}, port={self.port}, {len(self.api_keys)} API keys)"

    def check(self) -> ServerSettings:
        """Return the settings, or raise :class:`UnsafeServer` saying what to do."""
        self.check_keys()
        self.trusted_networks()
        if self.prefix:
            _check_prefix(self.prefix)
        if _ANCESTORS.fullmatch(self.frame_ancestors) is None:
            raise UnsafeServer(
                "TASKFLOW_FRAME_ANCESTORS must be 'none', or a list of 'self' and origins with blanks between, such as "
                f"'self' https://ops.example; got {self.frame_ancestors!r:.80}"
            )
        if not self.api_keys and self.public is None and not is_loopback(self.host):
            raise UnsafeServer(
                f"refusing to listen on {self.host} without an API key: any client that reaches it could run jobs. "
                "Set TASKFLOW_API_KEYS (or TASKFLOW_API_KEYS_FILE), or listen on 127.0.0.1"
            )
        return self

    def check_keys(self) -> None:
        """Return if all keys are strong, or raise :class:`UnsafeServer` saying what to do."""
        roles: dict[str, Role] = {}
        for number, key in enumerate(self.parsed_keys(), 1):
            _check_key(number, key.secret)
            if roles.setdefault(key.secret, key.role) is not key.role:
                raise UnsafeServer(
                    f"API key {number} in TASKFLOW_API_KEYS is given twice, as {roles[key.secret]} and as {key.role}. "
                    "Keep one of them"
                )

    def trusted_networks(self) -> tuple[Network, ...]:
        """Return the networks of the trusted proxies.

        Raises:
            UnsafeServer: one is not an address or a network.
        """
        try:
            return tuple(ipaddress.ip_network(text.strip(), strict=False) for text in self.trusted_proxies)
        except ValueError as error:
            raise UnsafeServer(
                f"TASKFLOW_TRUSTED_PROXIES must be a list of addresses or networks, such as 10.0.0.0/8: {error}"
            ) from None

    def parsed_keys(self) -> tuple[ApiKey, ...]:
        """Return the keys with their roles.

        Raises:
            UnsafeServer: a key names a role that does not exist.
        """
        return tuple(_read_key(number, text) for number, text in enumerate(self.api_keys, 1))


def warn_of_plain_http(host: str) -> None:
    """Log that keys and arguments go over the network as they are, if this address reaches more than this machine."""
    if not is_loopback(host):
        log.warning(
            "listening on %s without TLS: API keys and arguments are sent unencrypted. Put a TLS proxy in front, and "
            "set --tls-proxy",
            host,
        )


@lru_cache(maxsize=1_024)
def is_loopback(host: str) -> bool:
    """Tell whether an address reaches this machine only; names other than ``localhost`` do not count."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def keys_from(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Read API keys from ``TASKFLOW_API_KEYS`` (comma list) and ``TASKFLOW_API_KEYS_FILE`` (one a line).

    Raises:
        UnsafeServer: a variable is set but holds no key, or the file cannot be read.
    """
    keys: list[str] = []
    given = environ.get("TASKFLOW_API_KEYS")
    if given is not None:
        keys += _split("TASKFLOW_API_KEYS", given)
    path = environ.get("TASKFLOW_API_KEYS_FILE")
    if path:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UnsafeServer(f"TASKFLOW_API_KEYS_FILE cannot be read ({type(error).__name__}): {path}") from error
        keys += _split("TASKFLOW_API_KEYS_FILE", text)
    return tuple(keys)


def _split(variable: str, text: str) -> list[str]:
    keys = [key.strip() for key in text.replace("\n", ",").split(",") if key.strip()]
    if not keys:
        # An empty variable is a mistake of a deployment, not a request for an open server.
        raise UnsafeServer(f"{variable} is set but holds no key. Remove it, or set keys of at least 32 characters")
    return keys


def is_prefix(text: str) -> bool:
    """Tell whether a path can be a prefix: it becomes a part of the page, and of cookies."""
    return len(text) <= _MOST_PREFIX and _PREFIX.fullmatch(text) is not None


def read_prefix(text: str | None) -> str:
    """Return a prefix as the settings have it: without a slash at its end, and empty for the root."""
    return (text or "").rstrip("/")


def _check_prefix(prefix: str) -> None:
    if not is_prefix(prefix):
        raise UnsafeServer(
            "TASKFLOW_PREFIX must be a path such as /ops/queue, of letters, digits, hyphens, dots, underscores and "
            f"tildes, without a slash at its end; got {prefix!r:.80}"
        )
    if any(f"{path}/".startswith(f"{prefix}/") for path in _OWN_PATHS):
        raise UnsafeServer(f"TASKFLOW_PREFIX must not be {prefix}: paths of the server itself begin with it")


def _read_key(number: int, text: str) -> ApiKey:
    word, mark, secret = text.partition(":")
    if not mark or _ROLE_WORD.fullmatch(word) is None:
        return ApiKey(text, Role.OWNER)
    try:
        return ApiKey(secret.strip(), Role(word.lower()))
    except ValueError:
        raise UnsafeServer(
            f"API key {number} in TASKFLOW_API_KEYS has a word before its colon that is not a role. Write ROLE:KEY "
            f"with {', '.join(Role)}, or as KEY alone for an owner"
        ) from None


def _check_key(number: int, key: str) -> None:
    make = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
    if len(key) < MIN_KEY_LENGTH:
        raise UnsafeServer(f"API key {number} in TASKFLOW_API_KEYS is shorter than {MIN_KEY_LENGTH} characters. {make}")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UnsafeServer(f"API key {number} in TASKFLOW_API_KEYS holds blanks or characters outside ASCII. {make}")
    if len(set(key)) < MIN_KEY_ALPHABET or any(word in key.lower() for word in _EXAMPLES):
        raise UnsafeServer(f"API key {number} in TASKFLOW_API_KEYS looks like an example, not a secret. {make}")
