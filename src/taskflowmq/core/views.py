"""Saved views of the list of jobs: a name for a filter, an order, a range of time and columns. Pure.

A view is of its owner alone, or shared: then every reader of the tenant has it. Names are unique among the shared views
of a tenant, and among the own views of an owner.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core.errors import Conflict, InvalidJob, ViewNotFound
from taskflowmq.core.filter_terms import Word
from taskflowmq.core.filter_text import MAX_FILTER, parse_filter
from taskflowmq.core.filters import read_sort
from taskflowmq.core.job import Sort, State
from taskflowmq.core.printable import escape
from taskflowmq.core.validation import check_text

MAX_VIEW_NAME = 60
#: Own views of one owner in a tenant, and shared ones of a tenant.
MAX_VIEWS = 100
#: Columns of the list that can be chosen, in the order in which they stand.
COLUMNS = ("queue", "attempt", "wait", "run", "priority", "worker", "due", "ended")
#: Ranges that end with the present.
RANGES = ("15m", "1h", "6h", "24h", "7d", "30d")
#: In the place of the owner, for what is shared.
SHARED = ""
_FINAL = frozenset(state for state in State if state.final)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)")


class ViewContent(msgspec.Struct, frozen=True, kw_only=True):
    """What a view is.

    Args:
        name: on one line.
        filter: conditions, as :func:`~taskflowmq.core.filter_text.parse_filter` reads them; empty: all jobs.
        sort: the order.
        range: ``24h`` and the like, or ``from..to`` with one end open at most; None: any time. It is about the end of
            jobs where the filter asks for ended ones alone, otherwise about their creation.
        columns: of :data:`COLUMNS`; None: as the reader has chosen.
        shared: whether every reader of the tenant has it.
    """

    name: str
    filter: str = ""
    sort: Sort = Sort.NEWEST
    range: str | None = None
    columns: tuple[str, ...] | None = None
    shared: bool = False

    def filter_text(self) -> str:
        """Return filter and range as the text of one filter."""
        if self.range is None:
            return self.filter
        bounds = f"-{self.range}.." if self.range in RANGES else self.range
        key = "finished" if _is_of_ended(self.filter) else "created"
        return f"{self.filter} {key}:{bounds}".strip()

    def query(self) -> dict[str, Any]:
        """Return the arguments of ``app.jobs.list()`` and ``app.jobs.pages()`` by which they read this view."""
        return {"filter": self.filter_text() or None, "sort": self.sort}


#: Returns another content in the place of one.
ViewChange = Callable[[ViewContent], ViewContent]


class BuiltInView(ViewContent, frozen=True, kw_only=True):
    """A view that every store has; ``key`` stands in the place of an id."""

    key: str


class SavedView(ViewContent, frozen=True, kw_only=True):
    """A view as it is kept: whose it is, and when it was made and last changed, by the store's clock."""

    id: UUID
    owner: str
    created_at: datetime
    changed_at: datetime


#: What operators look for first.
BUILT_IN = (
    BuiltInView(key="failing-now", name="Failing now", filter="state:retrying", shared=True),
    BuiltInView(key="dead-letters", name="Dead letters", filter="state:dead", shared=True),
    BuiltInView(key="running-long", name="Running long", filter="state:running run:>5m", shared=True),
    BuiltInView(key="waiting-long", name="Waiting long", filter="state:pending wait:>5m", shared=True),
)


def scope_of(owner: str, *, shared: bool) -> str:
    """Return among whose views a name is unique."""
    return SHARED if shared else owner


def writable_scopes(owner: str, *, shares: bool) -> tuple[str, ...]:
    """Return whose views a caller may change: their own, and shared ones with the permission to share."""
    return (owner, SHARED) if shares else (owner,)


def content_of(view: ViewContent) -> ViewContent:
    """Return the content of a view, without what is known of one that is kept."""
    return ViewContent(**{name: getattr(view, name) for name in ViewContent.__struct_fields__})


def check_view(
    name: object,
    *,
    filter: object = "",  # noqa: A002 - its name everywhere
    sort: Sort | str = Sort.NEWEST,
    range: object = None,  # noqa: A002 - its name everywhere
    columns: Iterable[object] | None = None,
    shared: bool = False,
) -> ViewContent:
    """Return the content of a view.

    Raises:
        InvalidJob: names the field.
    """
    given = name.strip() if isinstance(name, str) else name
    line = check_text("/name", given, MAX_VIEW_NAME)
    if escape(line) != line:
        raise InvalidJob.at("/name", "must be one line without control characters")
    text = "" if filter == "" else check_text("/filter", filter, MAX_FILTER).strip()
    parse_filter(text)
    content = ViewContent(
        name=line,
        filter=text,
        sort=read_sort(sort),
        range=None if range is None else _check_range(range),
        columns=None if columns is None else _check_columns(columns),
        shared=shared,
    )
    parse_filter(content.filter_text())  # the range is one more term
    return content


def changed_view(view: ViewContent, fields: Mapping[str, Any]) -> ViewContent:
    """Return the content of a view in which some fields are others; what is left out stays as it is.

    Raises:
        InvalidJob: names the field.
    """
    return check_view(**({name: getattr(view, name) for name in ViewContent.__struct_fields__} | dict(fields)))


def _check_range(text: object) -> str:
    named = ", ".join(RANGES)
    wrong = InvalidJob.at("/range", f"must be one of {named}, or two times as <from>..<to>, one may be left out")
    if not isinstance(text, str):
        raise wrong
    if text in RANGES:
        return text
    low, dots, high = text.partition("..")
    if not dots or not (low or high) or not all(_INSTANT.fullmatch(one) for one in (low, high) if one):
        raise wrong
    try:
        times = [datetime.fromisoformat(one).astimezone(UTC) for one in (low, high) if one]
    except (ValueError, OverflowError):
        raise wrong from None
    if len(times) > 1 and times[1] <= times[0]:
        raise InvalidJob.at("/range", "ends before it begins")
    return text


def _check_columns(given: Iterable[object]) -> tuple[str, ...]:
    wanted = list(given)
    for one in wanted:
        if one not in COLUMNS:
            raise InvalidJob.at("/columns", f"{one!r:.40} is not a column; columns are: {', '.join(COLUMNS)}")
    return tuple(one for one in COLUMNS if one in wanted)


def find_view(views: Sequence[SavedView], wanted: str, owner: str) -> SavedView | BuiltInView:
    """Return the view of this id or name: an own one before a shared one, then a built-in one, then one of others.

    Args:
        views: those that the caller may read.
        wanted: a name, the id of a view, or the key of a built-in one.
        owner: the caller.

    Raises:
        ViewNotFound: there is none.
        Conflict: several owners have one of this name.
    """
    by_id = next((one for one in views if str(one.id) == wanted.lower()), None)
    if by_id is not None:
        return by_id
    named = [one for one in views if one.name == wanted]
    mine = [one for one in named if one.owner == owner and not one.shared] or [one for one in named if one.shared]
    built_in = [one for one in BUILT_IN if wanted in (one.key, one.name)]
    found = mine or built_in or named
    if not found:
        raise ViewNotFound(f"there is no view {wanted!r:.80}")
    if len(found) > 1:
        owners = ", ".join(sorted(one.owner for one in named))
        raise Conflict(f"several views are named {wanted!r:.80}: name one by its id (owners: {owners:.200})")
    return found[0]


def _is_of_ended(text: str) -> bool:
    """Tell whether a filter asks for ended jobs alone."""
    terms = [term for term in parse_filter(text) if term.key == "state" and not term.negated]
    return any(all(isinstance(one, Word) and one.text in _FINAL for one in term.values) for term in terms)
