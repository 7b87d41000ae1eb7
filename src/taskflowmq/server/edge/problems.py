"""Every error answer of the API: problem+json with a stable ``code``, and nothing about the inside (S33).

One table turns the library's errors into statuses. Text of the library's own errors is shown; of anything else only
"internal error" and the request id, under which the log holds the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from taskflowmq.core.errors import (
    MAX_DETAIL,
    MAX_ERRORS,
    BulkNotFound,
    Conflict,
    ErrorGroupNotFound,
    FieldError,
    IdempotencyInFlight,
    IdempotencyMismatch,
    InspectionNotFound,
    InvalidJob,
    JobNotFound,
    NotUnique,
    PlaygroundRunNotFound,
    QueueNotFound,
    SchemaMismatch,
    StoreUnavailable,
    TaskFlowError,
    TaskNotFound,
    UnknownTask,
    ViewNotFound,
    WorkerNotFound,
    bounded,
)
from taskflowmq.wire.problem import FieldProblem, ProblemBody

log = logging.getLogger("taskflowmq.server")

RETRY_SECONDS = 1

TITLES = {
    400: "The request is malformed",
    401: "A valid API key is required",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "The request was not received in time",
    409: "Conflict with the current state",
    413: "The request body is too large",
    415: "The request body must be JSON",
    422: "The request is not valid",
    429: "Too many requests",
    431: "The request header section is too large",
    500: "Internal error",
    501: "Not supported",
    503: "The service is unavailable",
    505: "HTTP version not supported",
}


class Problem(Exception):
    """An error answer on its way out.

    Args:
        status: the HTTP status.
        code: the stable word for programs.
        detail: a sentence for people.
        errors: the wrong fields.
        headers: further response headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        detail = bounded(detail, MAX_DETAIL)
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(FieldProblem(*error.bounded()) for error in errors[:MAX_ERRORS])
        self.headers = tuple(headers)

    def body(self, request_id: str) -> bytes:
        """Return the JSON of this answer."""
        title = TITLES.get(self.status, "Error")
        return msgspec.json.encode(
            ProblemBody(
                title=title,
                status=self.status,
                code=self.code,
                detail=self.detail,
                request_id=request_id,
                errors=self.errors,
            )
        )


_RETRY = (("Retry-After", str(RETRY_SECONDS)),)


class NotReady(Problem):
    """The answer of a readiness probe when the process is not ready.

    Args:
        code: the stable word for programs.
        detail: a sentence for people.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(503, code, detail, headers=_RETRY)


def from_error(error: Exception) -> Problem | None:
    """Return the answer for an error of the library, or None for any other error."""
    match error:
        case Problem():
            return error
        case InvalidJob():
            return Problem(422, error.code, error.detail, errors=error.errors)
        case UnknownTask():
            field = FieldError("/task", "is not a known task")
            return Problem(422, error.code, str(error), errors=(field,))
        case IdempotencyMismatch():
            field = FieldError("/Idempotency-Key", "was used with a different request")
            return Problem(422, error.code, "This Idempotency-Key was used with a different request", errors=(field,))
        case IdempotencyInFlight():
            return Problem(409, error.code, "The first request with this key is still in progress", headers=_RETRY)
        case NotUnique():
            return Problem(409, error.code, str(error), errors=(FieldError("/unique_key", f"held by {error.holder}"),))
        case (
            Conflict()
            | BulkNotFound()
            | ErrorGroupNotFound()
            | InspectionNotFound()
            | PlaygroundRunNotFound()
            | QueueNotFound()
            | TaskNotFound()
            | ViewNotFound()
            | WorkerNotFound()
        ):
            return Problem(409 if isinstance(error, Conflict) else 404, error.code, str(error))
        case JobNotFound():
            return Problem(404, error.code, "No such job")
        case StoreUnavailable():
            # The error's own text may name files, hosts or SQL.
            detail = "The store is unreachable. Repeat the request with the same Idempotency-Key"
            return Problem(503, error.code, detail, headers=_RETRY)
        case SchemaMismatch():
            detail = "The schema of the store does not match this server; the operator must run `taskflow db migrate`"
            return Problem(503, error.code, detail, headers=_RETRY)
        case TaskFlowError():
            return Problem(500, error.code, "The request failed; see the server log")
        case _:
            return None


def log_failure(error: Exception, request_id: str) -> None:
    """Log an answer that is not the client's fault. Without the path: it may hold secrets (S24).

    An outage takes one line per request, a probe none (see readiness.py); an unexpected error takes its traceback.
    """
    fields = {"request_id": request_id}
    if isinstance(error, Problem):  # intended: no room, or not ready
        return
    if isinstance(error, StoreUnavailable | SchemaMismatch):
        log.warning("request not served: %s", error, extra=fields)
    else:
        log.error("request failed", exc_info=error, extra=fields)


def overloaded() -> Problem:
    """Return the answer to a request for which there is no room; a server that takes more only gets slower."""
    return Problem(503, "overloaded", "Too many requests are in progress. Repeat the request later", headers=_RETRY)


def internal() -> Problem:
    """Return the answer for an unexpected error."""
    return Problem(500, "internal_error", "The request failed; see the server log for this request id")


def not_found() -> Problem:
    """Return the answer for a job that does not exist, or not in this tenant."""
    return Problem(404, JobNotFound.code, "No such job")


def bad_parameter(name: str, detail: str, position: int | None = None, hint: str | None = None) -> Problem:
    """Return the answer for a wrong query parameter or header; arguments as of FieldError."""
    field = FieldError(f"/{name}", detail, position, hint)
    return Problem(422, "invalid_parameter", f"{name}: {detail}", errors=(field,))
