"""Saved views: what may be one, which jobs it means, and which one a name means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from taskflowmq.core.errors import Conflict, InvalidJob, ViewNotFound
from taskflowmq.core.filter_text import parse_filter
from taskflowmq.core.job import Sort
from taskflowmq.core.views import (
    BUILT_IN,
    RANGES,
    BuiltInView,
    SavedView,
    ViewContent,
    check_view,
    find_view,
    writable_scopes,
)
from taskflowmq.wire.view import view_out

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def saved(number: int, name: str, owner: str, *, shared: bool = False) -> SavedView:
    return SavedView(id=UUID(int=number), owner=owner, created_at=NOON, changed_at=NOON, name=name, shared=shared)


def test_a_view_is_read_as_it_was_given() -> None:
    made = check_view(
        " Mail ", filter=" queue:mail  run:>5m ", sort="oldest", range="24h", columns=["ended", "queue"], shared=True
    )
    assert made == ViewContent(
        name="Mail",
        filter="queue:mail  run:>5m",
        sort=Sort.OLDEST,
        range="24h",
        columns=("queue", "ended"),
        shared=True,
    )


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "  "}, "/name"),
        ({"name": 7}, "/name"),
        ({"name": "x" * 61}, "/name"),
        ({"name": "two\nlines"}, "/name"),
        ({"name": "right\u202eleft"}, "/name"),
        ({"filter": "quue:mail"}, "/filter"),
        ({"filter": "x" * 1_001}, "/filter"),
        ({"filter": None}, "/filter"),
        ({"filter": " ".join(f"tag:t{n}" for n in range(32)), "range": "1h"}, "/filter"),
        ({"sort": "size"}, "/sort"),
        ({"range": "25h"}, "/range"),
        ({"range": ".."}, "/range"),
        ({"range": 24}, "/range"),
        ({"range": "2026-11-30..2026-12-01"}, "/range"),
        ({"range": "2026-11-31T00:00Z.."}, "/range"),
        ({"range": "2026-11-30T12:00Z..2026-11-30T12:00Z"}, "/range"),
        ({"columns": ["queue", "colour"]}, "/columns"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidJob) as caught:
        check_view(**{"name": "Mail", **given})
    assert caught.value.errors[0].pointer == pointer


@pytest.mark.parametrize(
    ("text", "span", "means"),
    [
        ("", None, ""),
        ("queue:mail", None, "queue:mail"),
        ("", "24h", "created:-24h.."),
        ("queue:mail", "15m", "queue:mail created:-15m.."),
        ("state:dead,cancelled queue:mail", "7d", "state:dead,cancelled queue:mail finished:-7d.."),
        ("state:dead,running", "1h", "state:dead,running created:-1h.."),
        ("-state:dead", "1h", "-state:dead created:-1h.."),
        ("", "2026-11-30T06:00Z..", "created:2026-11-30T06:00Z.."),
        ("", "..2026-11-30T06:00:30.250Z", "created:..2026-11-30T06:00:30.250Z"),
        ("", "2026-11-30T06:00Z..2026-11-30T07:00+01:00", None),
        ("", "2026-11-30T06:00Z..2026-11-30T09:00+01:00", "created:2026-11-30T06:00Z..2026-11-30T09:00+01:00"),
    ],
)
def test_filter_and_range_are_one_filter(text: str, span: str | None, means: str | None) -> None:
    if means is None:
        with pytest.raises(InvalidJob, match="ends before it begins"):
            check_view("v", filter=text, range=span)
        return
    view = check_view("v", filter=text, range=span)
    assert view.filter_text() == means
    assert view.query() == {"filter": means or None, "sort": Sort.NEWEST}
    parse_filter(means)


@pytest.mark.parametrize("span", RANGES)
def test_every_range_is_one_of_the_filter(span: str) -> None:
    assert parse_filter(check_view("v", range=span).filter_text())[0].key == "created"


@pytest.mark.parametrize("view", BUILT_IN, ids=lambda view: view.key)
def test_built_in_views_are_views(view: BuiltInView) -> None:
    assert check_view(view.name, filter=view.filter, shared=True).filter_text() == view.filter
    assert (view_out(view).id, view_out(view).key, view_out(view).kind) == (None, view.key, "built_in")


def test_a_name_means_an_own_view_first_and_one_of_others_last() -> None:
    mine, shared = saved(1, "Mail", "ada"), saved(2, "Mail", "bob", shared=True)
    other, dead = saved(3, "Post", "bob"), saved(4, "Dead letters", "bob")
    views = [mine, shared, other, dead]
    assert find_view(views, "Mail", "ada") == mine
    assert find_view(views, "Mail", "eve") == shared
    assert find_view(views, "Post", "ada") == other
    assert find_view(views, str(shared.id), "ada") == shared
    assert find_view(views, "Dead letters", "ada") == find_view([], "dead-letters", "ada") == BUILT_IN[1]
    assert find_view(views, "Dead letters", "bob") == dead
    with pytest.raises(ViewNotFound, match="'Nope'"):
        find_view(views, "Nope", "ada")
    with pytest.raises(Conflict, match="several views are named 'Post'"):
        find_view([other, saved(5, "Post", "eve")], "Post", "ada")


def test_who_may_not_share_changes_own_views_only() -> None:
    assert writable_scopes("ada", shares=False) == ("ada",)
    assert writable_scopes("ada", shares=True) == ("ada", "")


def test_a_column_of_a_later_version_is_left_out() -> None:
    content = ViewContent(name="v", columns=("queue", "size"))
    view = SavedView(id=UUID(int=1), owner="a", created_at=NOON, changed_at=NOON, name="v", columns=content.columns)
    assert view_out(view).columns == ["queue"]
