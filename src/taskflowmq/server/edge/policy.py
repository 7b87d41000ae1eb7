"""What the gate knows of a route before the framework: one table, path → policy.

What must stay true: every route has one row, and a path without a row gets the strictest policy, so a route that is
forgotten here is closed and counted (S20). Permissions of keys belong here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

import msgspec

Headers = Sequence[tuple[bytes, bytes]]

API = "/api/v1"
JOBS_PATH = f"{API}/jobs"
OPENAPI_PATH = f"{API}/openapi.json"
DOCS_PATH = "/docs"
LIVE_PATH = "/health/live"
READY_PATH = "/health/ready"
METRICS_PATH = "/metrics"

_FIXED_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_CSP = b"content-security-policy"
#: What every response carries but those of the docs page.
API_HEADERS: Headers = (*_FIXED_HEADERS, (_CSP, b"default-src 'none'; frame-ancestors 'none'"))
_DOCS_HEADERS: Headers = (
    *_FIXED_HEADERS,
    (_CSP, b"default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
)


def header_lines(headers: Headers) -> bytes:
    """Return header fields as the lines of a head."""
    return b"".join(b"%s: %s\r\n" % field for field in headers)


class Access(Enum):
    """Who may read a route where the server has API keys. Without keys only this machine may, probes apart."""

    OPEN = "open"  #: every client
    LOCAL = "local"  #: direct requests of this machine; all others need a key
    KEY = "key"  #: requests with a key


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate does with requests to one path.

    Args:
        access: who may read it; every other method needs a key.
        in_flight: whether its requests count as in flight. What does not count is served on the spare connections too,
            and during overload.
        is_bulk: whether its body is a list of jobs, with the limit of bulk bodies.
        has_intake: whether POST goes to the bare handler instead of the framework.
        has_name: whether the path holds a name, in which an escaped slash is not a separator.
        headers: what its responses carry.
    """

    access: Access = Access.KEY
    in_flight: bool = True
    is_bulk: bool = False
    has_intake: bool = False
    has_name: bool = False
    headers: Headers = API_HEADERS


#: The policy of a path that has no row.
DEFAULT = Policy()
_PROBE = Policy(access=Access.OPEN, in_flight=False)
#: By prefix, for paths that hold an id, a name or a file. No prefix may begin with another one.
FAMILIES: Mapping[str, Policy] = {
    f"{JOBS_PATH}/": Policy(),
    f"{API}/queues/": Policy(has_name=True),
    DOCS_PATH: Policy(headers=_DOCS_HEADERS),
}


class _Table(dict[str, Policy]):
    """Policies by path; every path has one. A path of a family is not kept: clients choose what it holds."""

    def __missing__(self, path: str) -> Policy:
        for prefix, policy in FAMILIES.items():
            if path.startswith(prefix):
                return policy
        return DEFAULT


#: Indexed once per request, without a call when the whole path has a row.
POLICIES = _Table(
    {
        JOBS_PATH: Policy(has_intake=True),
        f"{JOBS_PATH}/bulk": Policy(is_bulk=True),
        f"{API}/tasks": Policy(),
        f"{API}/queues": Policy(),
        f"{API}/workers": Policy(),
        OPENAPI_PATH: Policy(),
        LIVE_PATH: _PROBE,
        READY_PATH: _PROBE,
        METRICS_PATH: Policy(access=Access.LOCAL),
        "/": Policy(),
    }
)
