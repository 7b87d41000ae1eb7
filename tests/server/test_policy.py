"""Every route has one policy, and the table names no path that is not served."""

from __future__ import annotations

import re

import pytest

from taskflowmq.server.app import make_framework
from taskflowmq.server.edge.policy import (
    ASSETS_PATH,
    DEFAULT,
    DOCS_PATH,
    FAMILIES,
    FILE_PATHS,
    LIVE_PATH,
    METRICS_PATH,
    PAGE_PATH,
    POLICIES,
    READY_PATH,
    Access,
    is_page,
)
from taskflowmq.server.openapi.document import describe

PROBES = {LIVE_PATH, READY_PATH, METRICS_PATH}


def _described() -> set[str]:
    return set(describe(make_framework())["paths"])


DASHBOARD = {PAGE_PATH, *FILE_PATHS, f"{ASSETS_PATH}app.js"}


def _served() -> set[str]:
    # The framework insists on routes of its own for its description; ours is elsewhere, and theirs have the default.
    return DASHBOARD | {
        route.path_format for route in make_framework().routes if not route.path_format.startswith("/never")
    }


def _rows_of(path: str) -> list[str]:
    exact = [path] if path in POLICIES else []
    return exact or [prefix for prefix in FAMILIES if path.startswith(prefix)]


def test_every_route_and_probe_has_exactly_one_row() -> None:
    assert _described() < _served() > PROBES
    assert {path: len(_rows_of(path)) for path in _served() | PROBES} == dict.fromkeys(_served(), 1)


def test_every_row_has_a_route() -> None:
    assert {row for path in _served() for row in _rows_of(path)} == {*POLICIES, *FAMILIES}


def test_no_family_begins_with_another_one() -> None:
    assert [(one, other) for one in FAMILIES for other in FAMILIES if one != other and one.startswith(other)] == []


def test_a_path_without_a_row_has_the_strictest_policy_and_is_not_kept() -> None:
    rows = dict(POLICIES)
    for path in ("/api/v1/jobsx", "/health", "/health/live/", "/metrics/", "/api/v2/jobs", "/nope"):
        assert POLICIES[path] is DEFAULT
    assert POLICIES["/api/v1/jobs/1"] is FAMILIES["/api/v1/jobs/"]
    assert rows == POLICIES
    assert (DEFAULT.access, DEFAULT.in_flight, DEFAULT.is_bulk) == (Access.KEY, True, False)


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [
        (lambda one: one.access is Access.OPEN, {LIVE_PATH, READY_PATH, *DASHBOARD - {PAGE_PATH}}),
        (lambda one: one.access is Access.GUESTS, {PAGE_PATH}),
        (lambda one: one.is_dashboard, DASHBOARD),
        (lambda one: one.access is Access.LOCAL, {METRICS_PATH}),
        (lambda one: not one.in_flight, {LIVE_PATH, READY_PATH}),
        (lambda one: one.is_stream, {"/api/v1/events"}),
        (lambda one: one.is_bulk, {"/api/v1/jobs/bulk"}),
        (lambda one: one.has_intake, {"/api/v1/jobs"}),
        (lambda one: one.headers != DEFAULT.headers, {DOCS_PATH, f"{DOCS_PATH}/docs.css"}),
    ],
    ids=["open", "guests", "dashboard", "local", "uncounted", "stream", "bulk", "intake", "docs"],
)
def test_only_these_routes_differ_from_the_default(chosen: object, wanted: set[str]) -> None:
    assert callable(chosen)
    assert {path for path in _served() if chosen(POLICIES[path])} == wanted


def test_names_in_paths_may_hold_a_slash_where_a_route_takes_a_name() -> None:
    assert {path for path in _served() if POLICIES[path].has_name} == {
        path for path in _served() if re.search(r"\{name\}", path)
    }


def test_only_paths_beside_the_api_and_of_one_host_are_pages() -> None:
    pages = ["/jobs", "/jobs/0193", "/queues/my queue", "/queues/é", "/apis", "/metricsx", "/.well-known/x", "/a//b"]
    others = ["/", "", "//evil.example", "/\\evil.example", "/ x", "/jobs\n", "/jobs\\x", "/\x7f", "jobs"]
    others += ["/api", "/api/", "/api/v1/jobsx", "/health", "/health/x", "/metrics", "/metrics/x", "/docs/x", "/assets"]
    assert [is_page(path) for path in pages + others] == [True] * len(pages) + [False] * len(others)


@pytest.mark.parametrize(
    "path", ["/api/v1/queues/mail/purge", "/api/v1/queues/mail/purge/", "/api/v1/queues/a/b/purge"]
)
def test_a_purge_needs_a_permission_of_its_own(path: str) -> None:
    assert (POLICIES[path].writes, POLICIES[path].reads) == ("queues:purge", None)
    assert POLICIES[path.replace("purge", "pause")].writes == "queues:write"
    assert POLICIES["/api/v1/queues/purge/pause"].writes == "queues:write"
