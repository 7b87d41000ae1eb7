"""Where a request comes from: the address of the peer, or what a trusted proxy says."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from taskflowmq.server.settings import Network

_FORWARDED = b"x-forwarded-for"
#: Addresses of one header that are read.
_MOST = 16
#: One customer of a provider has this much of IPv6.
_OWN_BITS = 64


def source_of(scope: Mapping[str, Any], headers: Mapping[bytes, bytes], trusted: Sequence[Network]) -> str:
    """Return the address of a client, or the network of an IPv6 client.

    Args:
        scope: of the request: it has the address of the connection's other end.
        headers: of the request, names in lower case.
        trusted: proxies whose ``X-Forwarded-For`` counts. It is read from the right: what a client
            writes itself is left of what its proxy adds.
    """
    client = scope.get("client")
    found = client[0] if client else ""
    given = headers.get(_FORWARDED, b"").decode("latin-1").split(",")
    for before in reversed(given[-_MOST:]):
        if not _is_in(found, trusted) or not before.strip():
            break
        found = before.strip()
    return _network_of(found)


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def _network_of(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "an unknown address"
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped) if mapped is not None else str(ipaddress.ip_network((parsed, _OWN_BITS), strict=False))
