"""What the gate knows of a route before the framework: one table, path → policy.

What must stay true: every route has one row, which names the permission to read it and the one to change something; a
method without a permission is not served, and a path without a row has none, so a route that is forgotten here is
closed (S20).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum

import msgspec

from taskflowmq.core.permissions import Permission

Headers = Sequence[tuple[bytes, bytes]]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API = "/api/v1"
JOBS_PATH = f"{API}/jobs"
EVENTS_PATH = f"{API}/events"
SESSION_PATH = f"{API}/session"
OPENAPI_PATH = f"{API}/openapi.json"
DOCS_PATH = "/docs"
PAGE_PATH = "/"
ASSETS_PATH = "/assets/"
#: Files of the dashboard that have a name of their own.
FILE_PATHS = ("/theme.js", "/icon.svg")
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
#: What every response carries, unless it has another value for one of these fields, but those of the docs page.
API_HEADERS: Headers = (*_FIXED_HEADERS, (_CSP, b"default-src 'none'; frame-ancestors 'none'"))
_DOCS_HEADERS: Headers = (
    *_FIXED_HEADERS,
    (_CSP, b"default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
)


def header_lines(headers: Headers) -> bytes:
    """Return header fields as the lines of a head."""
    return b"".join(b"%s: %s\r\n" % field for field in headers)


#: What every role may.
EVERYONE: Permission = "jobs:read"


class Access(Enum):
    """Who may read a route where the server has API keys. Without keys only this machine may, open routes apart."""

    OPEN = "open"  #: every client
    GUESTS = "guests"  #: every client; the route reads the caller from the request context
    LOCAL = "local"  #: direct requests of this machine; all others need a key
    KEY = "key"  #: requests with a key whose role has the permission


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate does with requests to one path.

    Args:
        reads: the permission that GET needs; None where no route answers it.
        writes: the permission that every other method needs; None where no route answers one.
        access: who may read it without that permission.
        in_flight: whether its requests count as in flight. What does not count is served on the spare connections too,
            and during overload.
        signs_in: whether callers without a key may write: they show theirs, or leave.
        is_dashboard: whether the dashboard answers reads, from memory: they wait for no other request.
        is_stream: whether its answers do not end by themselves. They count as streams, not as in flight.
        is_bulk: whether its body is a list of jobs, with the limit of bulk bodies.
        has_intake: whether POST goes to the bare handler instead of the framework.
        has_name: whether the path holds a name, in which an escaped slash is not a separator.
        headers: what its responses carry.
    """

    reads: Permission | None = None
    writes: Permission | None = None
    access: Access = Access.KEY
    in_flight: bool = True
    signs_in: bool = False
    is_dashboard: bool = False
    is_stream: bool = False
    is_bulk: bool = False
    has_intake: bool = False
    has_name: bool = False
    headers: Headers = API_HEADERS


#: The policy of a path that has no row.
DEFAULT = Policy()
#: The policy of a path without a row, where a browser opens it and the server has a dashboard: which page is meant, the
#: script decides.
PAGE = Policy(access=Access.GUESTS, is_dashboard=True)
_FILE = Policy(access=Access.OPEN, is_dashboard=True)
_PROBE = Policy(access=Access.OPEN, in_flight=False)
QUEUES = f"{API}/queues/"
#: By prefix, for paths that hold an id, a name or a file. No prefix may begin with another one.
FAMILIES: Mapping[str, Policy] = {
    f"{JOBS_PATH}/": Policy(reads="jobs:read", writes="jobs:write"),
    f"{API}/bulk/": Policy(reads="jobs:read", writes="jobs:write"),
    QUEUES: Policy(reads="queues:read", writes="queues:write", has_name=True),
    f"{API}/tasks/": Policy(reads="jobs:read", has_name=True),
    f"{API}/workers/": Policy(writes="workers:write"),
    f"{API}/errors/": Policy(reads="jobs:read", writes="jobs:write"),
    f"{API}/views/": Policy(writes="views:write"),
    f"{API}/playground/": Policy(reads="jobs:read", writes="jobs:write"),
    DOCS_PATH: Policy(reads=EVERYONE, headers=_DOCS_HEADERS),
    ASSETS_PATH: _FILE,
}
_INSPECT = Policy(reads="jobs:inspect", writes="jobs:inspect")
#: Paths of a family that need another permission, by their ends: what deletes jobs which have not run, and what looks
#: into the process of a job.
_ENDS: Mapping[str, Mapping[str, Policy]] = {
    QUEUES: {"purge": Policy(writes="queues:purge", has_name=True)},
    f"{JOBS_PATH}/": {"stack": _INSPECT, "profile": _INSPECT},
}
#: A path of a page, decoded. What is missing beside the API is missing, and two slashes at the start name another host.
_PAGE_PATH = re.compile(r"/(?!(?:api|health|metrics|docs|assets)(?:/|$))[^/\\\x00-\x20\x7f][^\\\x00-\x1f\x7f]*")


class _Table(dict[str, Policy]):
    """Policies by path; every path has one. A path of a family is not kept: clients choose what it holds."""

    def __missing__(self, path: str) -> Policy:
        for prefix, policy in FAMILIES.items():
            if path.startswith(prefix):
                end = path.removeprefix(prefix).rstrip("/").rpartition("/")[2]
                return _ENDS.get(prefix, {}).get(end, policy)
        return DEFAULT


#: Indexed once per request, without a call when the whole path has a row.
POLICIES = _Table(
    {
        JOBS_PATH: Policy(reads="jobs:read", writes="jobs:write", has_intake=True),
        f"{JOBS_PATH}/bulk": Policy(writes="jobs:write", is_bulk=True),
        # A question, in a body because filters are long: nothing is written.
        f"{JOBS_PATH}/count": Policy(writes="jobs:read"),
        f"{API}/search/suggest": Policy(reads="jobs:read"),
        # What is enqueued there is not up to the caller.
        f"{API}/demo/jobs": Policy(writes="jobs:read"),
        f"{API}/bulk": Policy(reads="jobs:read", writes="jobs:write"),
        f"{API}/tasks": Policy(reads="jobs:read"),
        f"{API}/queues": Policy(reads="queues:read"),
        f"{API}/workers": Policy(reads="workers:read"),
        f"{API}/audit": Policy(reads="audit:read"),
        f"{API}/system": Policy(reads="system:read"),
        f"{API}/errors": Policy(reads="jobs:read"),
        f"{API}/views": Policy(reads="jobs:read", writes="views:write"),
        f"{API}/stats/series": Policy(reads="metrics:read"),
        f"{API}/stats/summary": Policy(reads="metrics:read"),
        EVENTS_PATH: Policy(reads="jobs:read", is_stream=True),
        SESSION_PATH: Policy(reads=EVERYONE, signs_in=True),
        OPENAPI_PATH: Policy(reads=EVERYONE),
        LIVE_PATH: _PROBE,
        READY_PATH: _PROBE,
        METRICS_PATH: Policy(reads="metrics:read", access=Access.LOCAL),
        PAGE_PATH: PAGE,
        **dict.fromkeys(FILE_PATHS, _FILE),
    }
)


def is_page(path: str) -> bool:
    """Tell whether a path without a row may be that of a page."""
    return _PAGE_PATH.fullmatch(path) is not None


def is_file(path: str) -> bool:
    """Tell whether a path of the dashboard is that of a file."""
    return path.startswith(ASSETS_PATH) or path in FILE_PATHS
