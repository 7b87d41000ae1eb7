"""The filter of a list of jobs: one check per parameter, for the route and for the pages of a live feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.filter_match import needs_of
from taskflowmq.core.filter_text import parse_filter
from taskflowmq.core.filters import read_states, split_words
from taskflowmq.core.job import JobFilter, Sort
from taskflowmq.core.redacted import check_terms
from taskflowmq.core.validation import MAX_TAG_LENGTH, check_name, check_text, check_time
from taskflowmq.server.api.services import Services
from taskflowmq.server.edge.auth import require
from taskflowmq.server.edge.problems import Problem, bad_parameter
from taskflowmq.server.edge.request_context import RequestContext


def _time(value: datetime) -> datetime:
    return check_time("/time", value)


def _worker(value: UUID) -> UUID:
    return value


#: Parameter → its field of the filter, and what checks it.
CHECKS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    # In one order: equal filters are equal values.
    "state": ("states", lambda value: tuple(sorted(set(read_states(split_words(value)))))),
    "queue": ("queue", lambda value: check_name("queue", value)),
    "task": ("task", lambda value: check_name("task", value)),
    "tag": ("tag", lambda value: check_text("/tag", value, MAX_TAG_LENGTH)),
    "worker": ("worker", _worker),
    "created_after": ("created_after", _time),
    "created_before": ("created_before", _time),
    "finished_after": ("finished_after", _time),
    "finished_before": ("finished_before", _time),
    "q": ("terms", parse_filter),
}


def read_filter(
    services: Services, context: RequestContext, given: Mapping[str, Any], sort: Sort = Sort.NEWEST
) -> JobFilter:
    """Return the filter that parameters mean.

    Args:
        services: of the server.
        context: of the request; its tenant's jobs are meant.
        given: values of parameters, None where one is not given.
        sort: the order of the list.

    Raises:
        Problem: 422, a value is wrong; names the parameter. 403, the caller may not read what the filter is about.
    """
    wanted: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        field, check = CHECKS[name]
        try:
            wanted[field] = check(value)
        except InvalidJob as error:
            raise wrong_filter(name, error) from error
    query = JobFilter(tenant=context.tenant, sort=sort, **wanted)
    if any(needs_of(query.terms)):
        require(context.principal, "payload:read")
        try:
            check_terms(services.session.rules.known, query.terms, query.task)
        except InvalidJob as error:
            raise wrong_filter("q", error) from error
    _check_order("created", query.created_after, query.created_before)
    _check_order("finished", query.finished_after, query.finished_before)
    return query


def wrong_filter(name: str, error: InvalidJob) -> Problem:
    """Return the answer to a filter that is wrong.

    Args:
        name: of the parameter, or of the field of the body.
        error: says what is wrong.
    """
    wrong = error.errors[0]
    return bad_parameter(name, wrong.detail, wrong.position, wrong.hint)


def _check_order(kind: str, after: datetime | None, before: datetime | None) -> None:
    if after is not None and before is not None and before <= after:
        raise bad_parameter(f"{kind}_before", f"must be later than {kind}_after")
