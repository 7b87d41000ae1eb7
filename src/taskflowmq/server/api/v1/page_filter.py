"""The filter of a list as one text: the query string of ``GET /jobs``, and ``top``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from taskflowmq.server.api.services import Services
from taskflowmq.server.api.v1.ids import read_id
from taskflowmq.server.api.v1.job_filter import CHECKS, read_filter
from taskflowmq.server.edge.problems import Problem, bad_parameter
from taskflowmq.server.edge.request_context import RequestContext
from taskflowmq.server.feed.wishes import PageWish

NAME = "page"
MAX_LENGTH = 1_000
_MOST_FIELDS = 20
_HOLDS_NONE = UUID(int=0)
#: What the framework reads of a route's parameters, where it is no text.
_TYPES: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "worker": (UUID, "is not an id of a worker"),
    **dict.fromkeys(
        ("created_after", "created_before", "finished_after", "finished_before"),
        (datetime.fromisoformat, "is not an RFC 3339 time"),
    ),
}


def read_page(services: Services, context: RequestContext, text: str) -> PageWish:
    """Return the list that a filter means.

    Args:
        services: of the server.
        context: of the request; its tenant's jobs are meant.
        text: the filter; empty for all jobs.

    Raises:
        Problem: 422, the filter is wrong; names the parameter and the part of it. 403, as of :func:`read_filter`.
    """
    given = _fields(text)
    try:
        top = given.pop("top", None)
        held = None if top is None else _HOLDS_NONE if top == "" else read_id("top", top)
        query = read_filter(services, context, {name: _typed(name, value) for name, value in given.items()})
    except Problem as problem:
        if problem.status != 422:
            raise
        raise bad_parameter(NAME, problem.detail) from problem
    return PageWish(text, query, held)


def _typed(name: str, value: str) -> Any:
    if name not in CHECKS:
        raise bad_parameter(name[:80], f"is not a filter of a list; filters are {', '.join(CHECKS)}")
    read, refusal = _TYPES.get(name, (str, ""))
    try:
        return read(value)
    except ValueError as error:
        raise bad_parameter(name, refusal) from error


def _fields(text: str) -> dict[str, str]:
    if len(text) > MAX_LENGTH:
        raise bad_parameter(NAME, f"has {len(text)} characters, at most {MAX_LENGTH} are allowed")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise bad_parameter(NAME, "is not a query string such as state=dead&queue=mail, URL-encoded") from error
    given = dict(pairs)
    if len(given) != len(pairs):
        raise bad_parameter(NAME, "gives a filter more than once")
    return given
