"""Who calls, and whether it may: API keys in constant time, sessions, or loopback peers when there are no keys.

Denied unless allowed: a route that the table of policies does not name open needs a caller whose role has its
permission (S20).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from taskflowmq.core.permissions import GRANTED, Permission, Role
from taskflowmq.server.edge.cookies import cookie_name, find_cookies
from taskflowmq.server.edge.keyring import Keyring
from taskflowmq.server.edge.policy import DEFAULT, SAFE_METHODS, Access, Policy
from taskflowmq.server.edge.principal import GUEST, LOCAL, LOCAL_READER, VISITOR, Principal
from taskflowmq.server.edge.problems import TITLES, Problem
from taskflowmq.server.settings import is_loopback

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
_FETCH_SITE, _SAME_ORIGIN = b"sec-fetch-site", b"same-origin"
#: Cookies of the session's name that are tried; one path and host has one.
_MOST_COOKIES = 4

Headers = Mapping[bytes, bytes]
Scope = Mapping[str, Any]
# Looking up a member of an enum costs more than comparing it.
_OPEN, _GUESTS, _LOCAL = Access.OPEN, Access.GUESTS, Access.LOCAL


class Guard:
    """Decides whether a request may pass.

    Args:
        keyring: the accepted API keys, and their sessions.
        tls: whether a TLS proxy is in front of the server.
        public: whether who shows no key is a visitor, wherever the request comes from.
    """

    def __init__(self, keyring: Keyring, *, tls: bool = False, public: bool = False) -> None:
        self._public = public
        self._keyring = keyring
        self._has_keys = bool(keyring)
        self._tls = tls

    def admit(self, scope: Scope, policy: Policy, headers: Headers) -> Principal:
        """Return the caller.

        Args:
            scope: of the request.
            policy: of the request's path.
            headers: request headers, names in lower case.

        Raises:
            Problem: 401 without a valid key or session; 403 without the permission, from a page of another origin or to
                a name that is not ours; 404 or 405 where no permission is enough.
        """
        if scope["method"] in SAFE_METHODS:
            access, needed = policy.access, policy.reads
            if access is _OPEN:
                return GUEST
            if access is _GUESTS:
                try:
                    return self._recognise(scope, policy, headers)
                except Problem:
                    return GUEST
        else:
            needed = policy.writes
            if policy.signs_in and self._has_keys:
                _refuse_foreign_page(headers)
                return GUEST
        principal = self._recognise(scope, policy, headers)
        if needed not in principal.permissions:
            if needed is not None:
                raise _forbidden(principal, needed)
            if not policy.signs_in:
                raise _not_served(policy)
        return principal

    def _recognise(self, scope: Scope, policy: Policy, headers: Headers) -> Principal:
        client = scope.get("client")
        peer = client[0] if client else None
        # A proxy on this machine has a loopback address too. nginx's default adds no field, and speaks HTTP/1.0.
        sign = "HTTP/1.0" if scope["http_version"] == "1.0" else _sign_of_proxy(tuple(headers))
        local = peer is not None and sign is None and is_loopback(peer)
        to_us = _names_this_machine(headers.get(b"host", b""))
        changes = scope["method"] not in SAFE_METHODS
        if self._public and not self._shows_key(scope, headers):
            if changes:
                _refuse_foreign_page(headers)
            return VISITOR
        if self._has_keys:
            if policy.access is _LOCAL and local and to_us and not changes:
                return LOCAL_READER
            return self._by_key(headers) or self._by_session(scope, headers, changes=changes)
        if sign is not None:
            raise _unauthorised(f"The request passed through a proxy ({sign}). {_NEEDS_KEYS}")
        if not local:
            raise _unauthorised(f"The request came from another machine. {_NEEDS_KEYS}")
        if not to_us:
            detail = f"The Host header is neither localhost nor 127.0.0.1. {_NEEDS_KEYS}"
            raise Problem(403, "foreign_host", detail)
        if changes:
            _refuse_foreign_page(headers)
        return LOCAL

    def _shows_key(self, scope: Scope, headers: Headers) -> bool:
        """Tell whether a request has a key or a session, right or wrong, of a server that has keys."""
        name = cookie_name(scope.get("root_path", ""), secure=is_secure(scope, tls=self._tls))
        return self._has_keys and bool(_given_key(headers) or find_cookies(headers.get(b"cookie", b""), name))

    def _by_key(self, headers: Headers) -> Principal | None:
        """Return the caller of the key that is given; None if none is."""
        given = _given_key(headers)
        if not given:
            return None
        known = self._keyring.find(given)
        if known is None:
            raise _unauthorised("This API key is not accepted")
        return known.principal

    def _by_session(self, scope: Scope, headers: Headers, *, changes: bool) -> Principal:
        cookies = headers.get(b"cookie", b"")
        name = cookie_name(scope.get("root_path", ""), secure=is_secure(scope, tls=self._tls))
        given = find_cookies(cookies, name) if cookies else []
        found = next((one for text in given[:_MOST_COOKIES] if (one := self._keyring.read(text)) is not None), None)
        if found is None:
            if given:
                raise _unauthorised("The session has ended: sign in again")
            raise _unauthorised("Send the header Authorization: Bearer <key>, or X-API-Key: <key>")
        if changes:
            # A browser adds the cookie by itself, whatever page made the request: that page must be ours (S19, S22).
            _require_own_page(headers)
        return found


def is_secure(scope: Scope, *, tls: bool) -> bool:
    """Tell whether the browser reaches this server over TLS."""
    return tls or scope.get("scheme") == "https"


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
    """Refuse what a page of another origin sends; a program says nothing of pages (S19, S22)."""
    if headers.get(_FETCH_SITE, _SAME_ORIGIN) not in (_SAME_ORIGIN, b"none") or (
        b"origin" in headers and not _is_own_origin(headers)
    ):
        raise _foreign_origin()


def _require_own_page(headers: Headers) -> None:
    """Refuse what no page of ours has sent. Browsers say so by one field, or over plain HTTP by the other."""
    site = headers.get(_FETCH_SITE)
    if site != _SAME_ORIGIN if site is not None else not _is_own_origin(headers):
        raise _foreign_origin()


def _is_own_origin(headers: Headers) -> bool:
    try:
        sent_by = urlsplit(headers.get(b"origin", b"").decode("latin-1")).netloc.encode("latin-1")
    except ValueError:  # no address at all
        return False
    return bool(sent_by) and sent_by == headers.get(b"host", b"")


def _foreign_origin() -> Problem:
    return Problem(403, "foreign_origin", "Requests from other origins may not change anything")


def _not_served(policy: Policy) -> Problem:
    """Return the answer for a method that no route answers."""
    if policy is DEFAULT:
        return Problem(404, "not_found", TITLES[404])
    allowed = "GET, HEAD" if policy.writes is None else "POST"
    return Problem(405, "method_not_allowed", TITLES[405], headers=(("Allow", allowed),))


def require(principal: Principal, needed: Permission) -> None:
    """Refuse what a caller has no permission for.

    Raises:
        Problem: 403.
    """
    if needed not in principal.permissions:
        raise _forbidden(principal, needed)


def _forbidden(principal: Principal, needed: Permission) -> Problem:
    if principal is VISITOR:
        detail = f"This needs the permission {needed}; visitors of a public demonstration read only"
        return Problem(403, "forbidden", detail)
    roles = [role for role in Role if needed in GRANTED[role]]
    could = f"the role {roles[0]} or a higher one has" if len(roles) > 1 else f"only the role {roles[0]} has"
    detail = f"This needs the permission {needed}, which {could}; {principal.actor} has the role {principal.role}"
    return Problem(403, "forbidden", detail)


def _unauthorised(detail: str) -> Problem:
    return Problem(401, "unauthorised", detail, headers=(("WWW-Authenticate", "Bearer"),))
