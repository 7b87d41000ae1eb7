"""The settings of the server, and those with which it refuses to start."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec

from taskflowmq.core.errors import TaskFlowError

log = logging.getLogger("taskflowmq.server")

MIB = 1024 * 1024
MIN_KEY_LENGTH = 32
#: Fewer different characters than this are a pattern, not a secret.
MIN_KEY_ALPHABET = 8
#: Words that mark a key as copied from an example.
_EXAMPLES = ("changeme", "change-me", "change_me", "example", "secret", "password", "api-key", "apikey", "test-key")


class UnsafeServer(TaskFlowError, ValueError):
    """The server's settings would expose it; it does not start."""

    code = "unsafe_server"


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one server process.

    Args:
        host: address to listen on; anything but loopback needs ``api_keys``.
        port: port to listen on.
        api_keys: accepted keys; without any, only loopback peers are served.
        max_body: bytes of a request body, bulk apart.
        max_bulk_body: bytes of a bulk request body.
        max_bodies: bytes of all bodies that are coming in, above which further ones are answered 503.
        body_seconds: time in which a body must have arrived.
        max_in_flight: most writes, and most reads, in progress at once; further requests get 503, except probes.
        max_waits: requests that wait for a job to end, above which others are answered 503.
        max_waits_each: of them, those of one caller (an API key; without keys this machine).
        ready_seconds: time that the store has to answer the readiness probe.
        fast_intake: serve ``POST /jobs`` by the bare ASGI handler (docs/adr/0003-http-server.md).
    """

    host: str = "127.0.0.1"
    port: int = 8000
    api_keys: tuple[str, ...] = ()
    max_body: int = MIB
    max_bulk_body: int = 16 * MIB
    max_bodies: int = 256 * MIB
    body_seconds: float = 20.0
    max_in_flight: int = 2_000
    max_waits: int = 2_000
    max_waits_each: int = 1_000
    ready_seconds: float = 2.0
    fast_intake: bool = True

    def __repr__(self) -> str:
        return f"ServerSettings(host={self.host!r}, port={self.port}, {len(self.api_keys)} API keys)"

    def check(self) -> ServerSettings:
        """Return the settings, or raise :class:`UnsafeServer` saying what to do."""
        self.check_keys()
        if not self.api_keys and not is_loopback(self.host):
            raise UnsafeServer(
                f"refusing to listen on {self.host} without an API key: any client that reaches it could run jobs. "
                "Set TASKFLOW_API_KEYS (or TASKFLOW_API_KEYS_FILE), or listen on 127.0.0.1"
            )
        return self

    def check_keys(self) -> None:
        """Return if all keys are strong, or raise :class:`UnsafeServer` saying what to do."""
        for number, key in enumerate(self.api_keys, 1):
            _check_key(number, key)


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


def _check_key(number: int, key: str) -> None:
    make = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
    if len(key) < MIN_KEY_LENGTH:
        raise UnsafeServer(f"API key {number} in TASKFLOW_API_KEYS is shorter than {MIN_KEY_LENGTH} characters. {make}")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UnsafeServer(f"API key {number} in TASKFLOW_API_KEYS holds blanks or characters outside ASCII. {make}")
    if len(set(key)) < MIN_KEY_ALPHABET or any(word in key.lower() for word in _EXAMPLES):
        raise UnsafeServer(f"API key {number} in TASKFLOW_API_KEYS looks like an example, not a secret. {make}")
