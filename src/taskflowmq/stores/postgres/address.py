"""Addresses as providers issue them: every parameter of libpq is honoured, or refused in a sentence that names it.

The driver would send a parameter that it does not know to the server as a setting, whose error does not name the cause.
Values are never shown where they may be secrets.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from taskflowmq.core.errors import StoreUnavailable, TaskFlowError

#: Parameters that the driver honours.
_OF_THE_DRIVER = frozenset(
    {
        "database", "dbname", "gsslib", "host", "krbsrvname", "passfile", "password", "port", "service", "sslcert",
        "sslcrl", "sslkey", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "ssl_max_protocol_version",
        "ssl_min_protocol_version", "target_session_attrs", "user",
    }
)  # fmt: skip
#: The allowed values of some; the driver would refuse others only at the first connection.
_VALUES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "target_session_attrs": ("any", "read-write", "primary"),
}
#: Parameters of which only some values need nothing of us: these are accepted, and others refused for this reason.
_TAKEN = {
    "channel_binding": (
        ("prefer", "disable"),
        "the driver does not support channel binding. sslmode=verify-full prevents interception as well",
    ),
    "client_encoding": (("utf8", "utf-8", "unicode", "auto"), "the client encoding is always UTF8"),
    "gssdelegation": (("0",), "the driver does not delegate credentials"),
    "gssencmode": (("disable", "prefer"), "the driver does not encrypt by GSSAPI. Use sslmode=require"),
    "load_balance_hosts": (("disable",), "hosts are tried in the order of the URL"),
    "max_protocol_version": (("3.0", "3.2", "latest"), "the driver speaks version 3.0"),
    "min_protocol_version": (("3.0",), "the driver speaks version 3.0"),
    "replication": (("false", "off", "no", "0"), "a replication connection runs no jobs"),
    "require_auth": ((), "the driver uses the method that the server requests"),
    "requiressl": (("0",), "it is deprecated. Write sslmode=require"),
    "sslcertmode": (("allow", "disable"), "the driver cannot require a certificate request from the server"),
    "sslcompression": (("0",), "TLS compression is not supported"),
    "sslsni": (("1",), "the driver always names the host"),
}
#: Parameters that are not supported.
_REFUSED = {
    "hostaddr": "write the address as the host",
    "requirepeer": "the driver does not check the owner of the socket",
    "schema": "TaskFlow's tables are in the schema taskflow, always",
    "scram_client_key": "the driver logs in with a password",
    "scram_server_key": "the driver logs in with a password",
    "servicefile": "name the file in the environment variable PGSERVICEFILE",
    "sslcrldir": "the driver takes one file: sslcrl",
    "sslkeylogfile": "name the file in the environment variable SSLKEYLOGFILE",
}
_SWITCH = {"true": True, "1": True, "false": False, "0": False}
_SSL = {"true": "require", "1": "require", "false": "disable", "0": "disable"}
#: The timeout of a connection without one, in seconds.
_FOR_EVER = 86_400.0
#: Parameters of libpq for the socket, with the largest value that kernels take.
_OF_THE_SOCKET = {
    "keepalives": 1,
    "keepalives_idle": 32_767,
    "keepalives_interval": 32_767,
    "keepalives_count": 127,
    "tcp_user_timeout": 2**31 - 1,
}


class BadAddress(TaskFlowError, ValueError):
    """A database URL says something that cannot be honoured; the message names the parameter."""

    code = "bad_address"


class Address(NamedTuple):
    """A parsed database URL."""

    #: Only with the parameters that the driver honours.
    url: str
    #: Fields of the options, by name.
    options: dict[str, Any]


def read_address(url: str) -> Address:
    """Parse a ``postgresql://`` URL.

    Raises:
        BadAddress: a parameter has no meaning here, or cannot be honoured.
    """
    address, _, query = url.partition("?")
    said = _parameters(query.partition("#")[0])
    options: dict[str, Any] = {}
    _check_ports(address)
    kept: dict[str, str] = {}
    socket: dict[str, int] = {}
    for name, value in said.items():
        if name in _OF_THE_DRIVER:
            kept[name] = _checked(name, value)
        elif name in _OF_THE_SOCKET:
            socket[name] = _number(name, value, _OF_THE_SOCKET[name])
        elif name in _OURS:
            options |= _OURS[name](name, value)
        elif name == "ssl":
            kept.setdefault("sslmode", _checked("sslmode", _SSL.get(value.lower(), value.lower())))
        else:
            _take_or_refuse(name, value)
    options.setdefault("application_name", options.pop("fallback_application_name", None))
    if options["application_name"] is None:
        del options["application_name"]
    if socket:
        options["socket"] = socket
    if kept.get("sslrootcert") == "system":
        options["system_roots"] = _use_system_roots(kept)
    rest = "&".join(f"{name}={quote(value, safe='/,:')}" for name, value in kept.items())
    return Address(f"{_plain_authority(address)}?{rest}" if rest else _plain_authority(address), options)


def _parameters(query: str) -> dict[str, str]:
    """Return the parameters that have a value, decoded as libpq does: a plus is a plus."""
    pairs = (item.partition("=") for item in query.split("&"))
    return {unquote(name).strip(): unquote(value) for name, _, value in pairs if name and (value or name == "pooler")}


def _check_ports(address: str) -> None:
    hosts = address.partition("://")[2].partition("/")[0].rpartition("@")[2]
    for host in hosts.split(","):
        port = host.rpartition("]")[2].rpartition(":")[2] if ":" in host.rpartition("]")[2] else ""
        if port:
            _number("the port", port, 65_535)


def _plain_authority(address: str) -> str:
    """Return the address so that its first @ is the one before the host."""
    scheme, _, rest = address.partition("://")
    authority, slash, path = rest.partition("/")
    login, at, hosts = authority.rpartition("@")
    user, colon, password = login.partition(":")
    return f"{scheme}://{user}{colon}{quote(unquote(password), safe='')}{at}{hosts}{slash}{path}"


def _checked(name: str, value: str) -> str:
    allowed = _VALUES.get(name)
    if allowed is not None and value not in allowed:
        raise BadAddress(f"{name} in the database URL may be {', '.join(allowed)}, not {value!r:.40}")
    if name == "port":
        for port in value.split(","):
            _number(name, port, 65_535)
    return value


def _number(name: str, value: str, most: int) -> int:
    if not value.isascii() or not value.removeprefix("-").isdigit() or len(value) > 10 or int(value) > most:
        raise BadAddress(f"{name} in the database URL is a number up to {most}, not {value!r:.40}")
    return int(value)


def _take_or_refuse(name: str, value: str) -> None:
    """Accept a parameter that needs nothing of us; refuse every other."""
    fine, reason = _TAKEN.get(name, ((), _REFUSED.get(name)))
    if value.lower() in fine:
        return
    if reason is None and name.startswith("oauth_"):
        reason = "the driver logs in with a password"
    if reason is not None:
        shown = f"{name}={value:.40}" if name in _TAKEN else name
        raise BadAddress(f"{shown} in the database URL cannot be honoured: {reason}. Remove it")
    raise BadAddress(
        f"{name!r:.60} in the database URL is not a parameter of PostgreSQL's URLs. Remove it; write a setting of the"
        " server as options=-c%20NAME%3DVALUE"
    )


def _use_system_roots(kept: dict[str, str]) -> bool:
    if kept.pop("sslmode", "verify-full") != "verify-full":
        raise BadAddress("sslrootcert=system in the database URL needs sslmode=verify-full, or no sslmode")
    del kept["sslrootcert"]
    beside = [name for name in kept if name.startswith("ssl")]
    if beside:
        raise BadAddress(f"{beside[0]} in the database URL cannot be honoured beside sslrootcert=system. Remove one")
    return True


def _text(name: str, value: str) -> dict[str, Any]:
    return {name: value.replace("+", " ")}


def _timeout(name: str, value: str) -> dict[str, Any]:
    seconds = _number(name, value, 3_600)
    return {name: float(seconds) if seconds > 0 else _FOR_EVER}


def _pooler(name: str, value: str) -> dict[str, Any]:
    if value.lower() not in _SWITCH:
        raise BadAddress(f"{name} is true or false in a database URL, not {value!r:.40}")
    return {"pooler": _SWITCH[value.lower()]}


def _startup(_name: str, value: str) -> dict[str, Any]:
    return {"startup_options": value.replace("+", " ")}


#: Parameters that this library honours itself; ``pgbouncer`` is how Prisma and Supabase write ``pooler``.
_OURS: Mapping[str, Callable[[str, str], dict[str, Any]]] = {
    "application_name": _text,
    "connect_timeout": _timeout,
    "fallback_application_name": _text,
    "options": _startup,
    "pgbouncer": _pooler,
    "pooler": _pooler,
}


def check_service(url: str) -> None:
    """Refuse a service that is in no file: the driver would connect to this machine instead.

    Raises:
        StoreUnavailable: there is no such section.
    """
    service = _parameters(url.partition("?")[2]).get("service") or os.environ.get("PGSERVICE")
    if not service:
        return
    file = Path(os.environ.get("PGSERVICEFILE") or Path.home() / ".pg_service.conf")
    known = configparser.ConfigParser(interpolation=None)
    known.read(file)
    if not known.has_section(service):
        raise StoreUnavailable(f"PostgreSQL: the service {service!r} of the database URL is not in {file}")
