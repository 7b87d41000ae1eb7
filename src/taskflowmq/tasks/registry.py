"""The built-in functions as tasks: their names, limits, and what their errors mean for the job.

Each wrapper imports its implementation at the first call, so that a worker which never resizes a picture does not
carry an imaging library. A ``PermanentFailure`` ends the job at once; an answer that names a time to come back is
obeyed; everything else is retried by the default policy.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta

from taskflowmq.client.extras import require
from taskflowmq.client.task import task
from taskflowmq.core.directives import Discard, RetryAfter
from taskflowmq.tasks.demo import MAX_SECONDS, failing_job, test
from taskflowmq.tasks.errors import HTTPCallFailed, PermanentFailure

#: A server that asks for more than this is asked again by the ordinary back-off.
LONGEST_WAIT_S = 86_400.0
#: The greatest side of a picture; written here as well, because importing it would import the imaging library.
MAX_SIDE = 10_000

# Bounds that a type can say are said in types: a wrong argument is refused at the enqueue, and the schema shows them.
Seconds = Annotated[float, Meta(ge=0, le=MAX_SECONDS)]
Side = Annotated[int, Meta(ge=1, le=MAX_SIDE)]


@contextlib.contextmanager
def _judged() -> Iterator[None]:
    """Turn the errors of built-in tasks into what they mean for the job."""
    try:
        yield
    except PermanentFailure as error:
        raise Discard(str(error)) from error
    except HTTPCallFailed as error:
        if error.retry_after is None or error.retry_after > LONGEST_WAIT_S:
            raise
        raise RetryAfter(error.retry_after, str(error)) from error


@task(name="test", examples=({"message": "hello", "seconds": 2}, {"message": "a long one", "seconds": 60}))
async def test_task(message: str = "", seconds: Seconds = 2.0) -> dict[str, Any]:  # noqa: PT028 - a task, no test
    """Wait, then return what was given."""
    with _judged():
        return await test(message, seconds)


@task(name="failing-job", examples=({"message": "no luck"},))
async def failing_job_task(message: str = "") -> None:
    """Fail at every attempt, to watch retries and dead letters."""
    await failing_job(message)


@task(
    name="email",
    timeout=120,
    examples=(
        {"to": "ada@example.com", "subject": "Hello", "body": "Hello Ada"},
        {"to": "ada@example.com", "subject": "Hello", "body": "Hello Ada", "html": "<p>Hello <b>Ada</b></p>"},
    ),
)
async def email_task(to: str, subject: str, body: str, html: str | None = None) -> dict[str, Any]:
    """Send one mail through the operator's SMTP server."""
    require("tasks", "the task email")
    from taskflowmq.tasks.mail import email

    with _judged():
        return await email(to, subject, body, html)


# A decoder on a stranger's data: in a process, which can be bounded and killed.
@task(
    name="image-resize",
    timeout=120,
    process=True,
    examples=(
        {"source": "photo.jpg", "width": 800},
        {"source": "photo.jpg", "width": 320, "height": 240, "format": "webp"},
    ),
)
def image_resize_task(
    source: str,
    width: Side,
    height: Side | None = None,
    format: str | None = None,  # noqa: A002 - the public name
) -> dict[str, Any]:
    """Make a smaller copy of a picture below the files directory."""
    require("tasks", "the task image-resize")
    from taskflowmq.tasks.images import image_resize

    with _judged():
        return image_resize(source, width, height, format)


@task(
    name="csv-export",
    timeout=3600,
    examples=(
        {"filename": "people.csv", "rows": [{"name": "Ada", "born": 1815}, {"name": "Grace", "born": 1906}]},
        {"filename": "people.csv", "columns": ["name", "born"], "rows": [["Ada", 1815], ["Grace", 1906]]},
    ),
)
def csv_export_task(
    filename: str,
    rows: list[dict[str, Any] | list[Any]] | None = None,
    source: str | None = None,
    columns: list[str] | None = None,
) -> dict[str, Any]:
    """Write rows, or the rows of a source that the operator named, to a CSV file below the files directory."""
    from taskflowmq.tasks.csv_files import csv_export

    with _judged():
        return csv_export(filename, rows, source, columns)


@task(
    name="http",
    timeout=120,
    examples=(
        {"url": "https://example.com/"},
        {
            "url": "https://example.com/hook",
            "method": "POST",
            "headers": {"X-Source": "taskflow"},
            "body": {"event": "order.paid", "order": 42},
        },
    ),
)
async def http_task(
    url: str, method: str = "GET", headers: dict[str, str] | None = None, body: Any = None
) -> dict[str, Any]:
    """Call an HTTP endpoint; private addresses only where the operator allowed them."""
    require("tasks", "the task http")
    from taskflowmq.tasks.http_calls import http

    with _judged():
        return await http(url, method, headers, body)
