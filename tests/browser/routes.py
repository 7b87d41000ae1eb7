"""Every page of the dashboard: what tests open, and what `make screenshots` takes pictures of."""

from __future__ import annotations

from typing import NamedTuple


class Route(NamedTuple):
    """A page: the name of its picture, its path, and whether it is fed live.

    In the path, `{job}` is the id of a job, `{queue}` its queue, `{error}` its group of errors.
    """

    name: str
    path: str
    live: bool = True


ROUTES = (
    Route("overview", "/"),
    Route("jobs", "/jobs"),
    Route("jobs-dead", "/jobs?state=dead"),
    Route("jobs-drawer", "/jobs?job={job}"),
    Route("job", "/jobs/{job}"),
    Route("job-attempts", "/jobs/{job}?tab=attempts"),
    Route("job-logs", "/jobs/{job}?tab=logs"),
    Route("job-payload", "/jobs/{job}?tab=payload"),
    Route("errors", "/errors"),
    Route("error", "/errors/{error}"),
    Route("charts", "/charts"),
    Route("charts-by-queue", "/charts?by=queue"),
    Route("queues", "/queues"),
    Route("queue", "/queues/{queue}"),
    Route("workers", "/workers"),
    Route("bulk", "/bulk"),
    Route("audit", "/audit", live=False),
    Route("system", "/system", live=False),
    Route("playground", "/playground"),
)
#: Of the router, and only another address of a page above.
REDIRECTS = frozenset({"/dead"})
THEMES = ("light", "dark")
