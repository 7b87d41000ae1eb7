"""Which network addresses the http task may reach. Values and decisions only: nothing here does IO.

What must stay true:

- An address that is not plainly public is refused unless the operator allowed it (TASKFLOW_HTTP_ALLOW). The
  lists below are explicit because `ipaddress.is_global` changed between Python patch releases and counts
  multicast in.
- A *name* that the operator allowed may be private, but never link-local, multicast or a cloud's metadata
  service: the owner of the name's DNS could point it there. Only an address or network in the list allows
  those.
- Of several addresses behind one name, one bad address refuses all: a mixed answer is what rebinding looks
  like.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from taskflowmq.tasks.errors import AddressRefused, SettingsError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

ALLOW_VARIABLE = "TASKFLOW_HTTP_ALLOW"

# IANA special-purpose registry for IPv4, plus multicast, the reserved class E and two cloud-internal hosts
# that live in otherwise public space.
_PRIVATE_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
    )
)  # fmt: skip
# IPv6: only 2000::/3 is handed out to the public internet, so loopback, mapped (::ffff:0:0/96), NAT64
# (64:ff9b::), unique-local, link-local and multicast are out by not being in it. Inside it these embed or
# document addresses.
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_PRIVATE_V6 = tuple(
    ipaddress.IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)  # fmt: skip
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")
)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")
_NUMERIC_LABEL = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")


def is_public(address: IPAddress) -> bool:
    """Whether an address belongs to the public internet.

    Args:
        address: a parsed IPv4 or IPv6 address.

    Returns:
        True only for ordinary unicast addresses of the public internet.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _PRIVATE_V4)
    return address in _PUBLIC_V6 and not any(address in block for block in _PRIVATE_V6)


def _needs_explicit_address(address: IPAddress) -> bool:
    """Whether not even an allowed name may lead to this address."""
    return any(
        one.is_link_local or one.is_multicast or one.is_unspecified or one in _METADATA
        for one in (address, *_embedded(address))
    )


def _embedded(address: IPAddress) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses that an IPv6 address may be translated or tunnelled to.

    Mapped (RFC 4291), 6to4 (RFC 3056), Teredo (RFC 4380: server and client), NAT64 (RFC 6052 and 8215: with the
    prefix of 96 bits, and with those of 48, 56 and 64 bits that a site may choose), IPv4-compatible, ISATAP (RFC 5214).
    """
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    raw = address.packed
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(raw[12:]))
    if address in _LOCAL_NAT64:
        # The 64th to 71st bit stays empty, so the address may have a gap there (RFC 6052, 2.2).
        found += [ipaddress.IPv4Address(raw[6:8] + raw[9:11]), ipaddress.IPv4Address(raw[12:])]
        found += [ipaddress.IPv4Address(raw[7:8] + raw[9:12]), ipaddress.IPv4Address(raw[9:13])]
    if not any(raw[:12]) or raw[8:12] in (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe"):
        found.append(ipaddress.IPv4Address(raw[12:]))
    return [one for one in found if one is not None]


def parse_literal(host: str) -> IPAddress | None:
    """Read a host that is written as an address.

    Args:
        host: a host without brackets, lower case.

    Returns:
        The address, or None if the host is a name.

    Raises:
        AddressRefused: the host is neither a plain name nor a plain address (0x7f000001, 0177.0.0.1, 127.1, a
            zone id …). Other programs read such hosts as addresses (WHATWG URL, "ends in a number"), so none
            passes.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise AddressRefused("The host has an IPv6 zone id, which is local to a machine. Use a public host name.")
    if address is None and (not _NAME.match(host) or _NUMERIC_LABEL.match(host.rsplit(".", 1)[-1])):
        raise AddressRefused("The host is not a valid name or address. Use a host name or a plain IP address.")
    return address


@dataclass(frozen=True)
class HttpAllow:
    """What the operator allows beyond public https: names and networks, each with an optional port.

    Attributes:
        names: (host name, port or None for every port).
        networks: (network, port or None for every port); a single address is a network of one.
    """

    names: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[tuple[IPNetwork, int | None], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "HttpAllow":
        """Read a comma list of `host`, `host:port`, address, `[v6]:port` or CIDR.

        Args:
            text: the value of TASKFLOW_HTTP_ALLOW; empty allows nothing.

        Returns:
            The allow list.

        Raises:
            SettingsError: an entry is none of those.
        """
        names: set[tuple[str, int | None]] = set()
        networks: list[tuple[IPNetwork, int | None]] = []
        for entry in filter(None, (part.strip().lower() for part in text.split(","))):
            host, port = _split_port(entry)
            try:
                networks.append((ipaddress.ip_network(host), port))
            except ValueError:
                if not _NAME.match(host) or _NUMERIC_LABEL.match(host.rsplit(".", 1)[-1]):
                    raise _malformed(entry) from None
                names.add((host, port))
        return cls(frozenset(names), tuple(networks))

    def check(self, scheme: str, host: str, port: int, addresses: Sequence[IPAddress]) -> None:
        """Decide whether a call may connect.

        Args:
            scheme: "https" or "http".
            host: the host of the URL, lower case, without brackets or final dot.
            port: the TCP port.
            addresses: everything the host resolved to; the caller connects to these and nothing else.

        Raises:
            AddressRefused: no address, a private one that is not allowed, or plain http that is not allowed.
        """
        named = (host, port) in self.names or (host, None) in self.names
        granted = [self._grants(address, port) for address in addresses]
        for address, allowed in zip(addresses, granted, strict=True):
            if allowed or (named and not _needs_explicit_address(address)):
                continue
            if named or not is_public(address):
                wanted = "the address" if named else "the host"
                raise AddressRefused(
                    f"{host} resolves to an address that is not public, so the call was not made. "
                    f"If it is meant to be reached, the operator can add {wanted} to {ALLOW_VARIABLE}."
                )
        if not addresses:
            raise AddressRefused(f"{host} has no address. Check the host name.")
        if scheme == "http" and not named and not all(granted):
            raise AddressRefused(
                f"Plain http to {host} is refused because the request could be read and changed in transit. "
                f"Use https, or let the operator add the host to {ALLOW_VARIABLE}."
            )

    def _grants(self, address: IPAddress, port: int) -> bool:
        return any(address in network and wanted in (None, port) for network, wanted in self.networks)


def _split_port(entry: str) -> tuple[str, int | None]:
    """Split `host:port` and `[v6]:port`; a bare IPv6 address or network has no port."""
    bracketed = re.fullmatch(r"\[([0-9a-f:.]+)\](?::([0-9]+))?", entry)
    plain = re.fullmatch(r"([^:\[\]]+)(?::([0-9]+))?", entry)
    found = bracketed or plain
    if not found:
        return entry, None
    port = int(found[2]) if found[2] else None
    if port is not None and not 1 <= port <= 65535:
        raise _malformed(entry)
    return found[1], port


def _malformed(entry: str) -> SettingsError:
    return SettingsError(
        f"{ALLOW_VARIABLE} has an entry that cannot be read: {entry!r}. "
        "Write a comma list of host, host:port, address or network, such as localhost:8000,10.0.0.0/8."
    )
