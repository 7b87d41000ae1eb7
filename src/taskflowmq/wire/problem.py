"""Problems in JSON (RFC 9457): the body of every response with a status of 400 or above."""

from __future__ import annotations

import msgspec

MEDIA_TYPE = "application/problem+json"


class FieldProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One wrong field of a request."""

    #: JSON pointer into the body, or ``/name`` of a query parameter or header.
    pointer: str
    detail: str
    #: Of a filter (``q``): index of the first character that is wrong, from 0.
    position: int | None = None
    #: Of a filter: the word that was probably meant.
    hint: str | None = None


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every response with a status of 400 or above (RFC 9457)."""

    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: tuple[FieldProblem, ...] = ()
