"""Who may call: API keys in constant time, or loopback peers when there are no keys.

Denied unless allowed: a route that the table of policies does not name open needs a key (S20).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from taskflowmq.server.edge.policy import Access, Policy
from taskflowmq.server.edge.problems import Problem
from taskflowmq.server.settings import is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Headers that proxies, load balancers and tunnels add to a request.
_PROXY_FIELDS = frozenset(
    {b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip", b"x-remote-ip", b"x-remote-addr"}
    | {b"x-originating-ip", b"x-proxyuser-ip", b"client-ip", b"true-client-ip", b"cdn-loop", b"fastly-client-ip"}
    | {b"x-original-url", b"x-original-uri", b"x-original-host", b"x-rewrite-url", b"x-scheme", b"x-host"}
    | {b"x-request-start", b"x-real-port", b"proxy-connection"}
)
_PROXY_PREFIXES = (b"x-forwarded", b"cf-", b"x-envoy-", b"x-amz", b"x-azure-", b"x-appengine-", b"x-vercel-", b"fly-")
_NEEDS_KEYS = (
    "Without API keys, the server accepts only direct requests from this machine. Set TASKFLOW_API_KEYS on the server "
    "and send Authorization: Bearer <key>"
)

Headers = Mapping[bytes, bytes]
_OPEN, _LOCAL = Access.OPEN, Access.LOCAL  # looking up a member of an enum costs more than comparing it


class Guard:
    """Decides whether a request may pass.

    Args:
        keys: the accepted API keys; kept as digests only.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._digests = tuple(hashlib.sha256(key.encode()).digest() for key in keys)

    def admit(self, method: str, policy: Policy, headers: Headers, peer: str | None, version: str = "1.1") -> str:
        """Return the caller, for the record of its actions.

        Args:
            method: the HTTP method.
            policy: of the request's path.
            headers: request headers, names in lower case.
            peer: the address of the connection's other end.
            version: of HTTP.

        Raises:
            Problem: 401 without a valid key, 403 from a page of another origin or to a name that is not ours.
        """
        access = policy.access
        if access is _OPEN and method in SAFE_METHODS:
            return "anonymous"
        # A proxy on this machine has a loopback address too. nginx's default adds no field, and speaks HTTP/1.0.
        sign = "HTTP/1.0" if version != "1.1" else _sign_of_proxy(tuple(headers))
        local = peer is not None and sign is None and is_loopback(peer)
        to_us = _names_this_machine(headers.get(b"host", b""))
        if self._digests:
            if access is _LOCAL and local and to_us and method in SAFE_METHODS:
                return "local"
            return self._by_key(headers)
        if sign is not None:
            raise _unauthorised(f"The request passed through a proxy ({sign}). {_NEEDS_KEYS}")
        if not local:
            raise _unauthorised(f"The request came from another machine. {_NEEDS_KEYS}")
        if not to_us:
            detail = f"The Host header is neither localhost nor 127.0.0.1. {_NEEDS_KEYS}"
            raise Problem(403, "foreign_host", detail)
        if method not in SAFE_METHODS:
            _refuse_foreign_page(headers)
        return "local"

    def _by_key(self, headers: Headers) -> str:
        given = _given_key(headers)
        if not given:
            raise _unauthorised("Send the header Authorization: Bearer <key>, or X-API-Key: <key>")
        digest = hashlib.sha256(given).digest()
        # Every digest is compared, so the time does not reveal which key was close.
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        if not any(matches):
            raise _unauthorised("This API key is not accepted")
        return f"key:{digest.hex()[:8]}"


def _given_key(headers: Headers) -> bytes:
    scheme, _, value = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer" and value.strip():
        return value.strip()
    return headers.get(b"x-api-key", b"").strip()


@lru_cache(maxsize=256)
def _sign_of_proxy(names: tuple[bytes, ...]) -> str | None:
    """Return the field that only a proxy adds, or None."""
    for name in names:
        if name in _PROXY_FIELDS or name.startswith(_PROXY_PREFIXES):
            return f"the header {name.decode('latin-1')}"
    return None


@lru_cache(maxsize=64)
def _names_this_machine(host: bytes) -> bool:
    """Tell whether a Host header means loopback; none does, no browser leaves it out.

    A page can point a name of its own at 127.0.0.1 (DNS rebinding); then the browser sees one origin and passes it
    every answer. Only the name reveals it.
    """
    try:
        name = urlsplit(b"//" + host).hostname
    except ValueError:
        return False
    text = (name or b"").decode("latin-1").rstrip(".")
    return not host or is_loopback(text) or text.endswith(".localhost")


def _refuse_foreign_page(headers: Headers) -> None:
    """Without keys a browser on this machine is trusted; a page of another site in it is not (S19, S22)."""
    origin = headers.get(b"origin")
    if origin is None:
        return
    try:
        sent_by = urlsplit(origin.decode("latin-1")).netloc.encode("latin-1")
    except ValueError:  # no address at all
        sent_by = None
    if sent_by != headers.get(b"host", b""):
        raise Problem(403, "foreign_origin", "Requests from other origins may not change anything")


def _unauthorised(detail: str) -> Problem:
    return Problem(401, "unauthorised", detail, headers=(("WWW-Authenticate", "Bearer"),))
