"""What the server knows of a request once the gate has admitted it; it travels in the ASGI scope."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from taskflowmq.server.edge.room import Seat

_KEY = "taskflow"


class RequestContext:
    """One admitted request.

    Attributes:
        actor: who calls.
        tenant: whose jobs, queues and tasks the request reads and changes.
        request_id: names the request in answers and logs.
        headers: the request's fields, names in lower case.
        seat: its seat among the reads; the gate gives one to each read.
    """

    __slots__ = ("actor", "headers", "request_id", "seat", "tenant")

    seat: Seat

    def __init__(self, actor: str, tenant: str, request_id: str, headers: Mapping[bytes, bytes]) -> None:
        self.actor = actor
        self.tenant = tenant
        self.request_id = request_id
        self.headers = headers

    def put_into(self, scope: MutableMapping[str, Any]) -> None:
        """Let the request's scope carry this."""
        scope[_KEY] = self


def context_of(scope: Mapping[str, Any]) -> RequestContext:
    """Return what the gate has put into the scope of a request."""
    context: RequestContext = scope[_KEY]
    return context
