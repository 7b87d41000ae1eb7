"""What the server knows of a request once the gate has admitted it; it travels in the ASGI scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from taskflowmq.server.edge.principal import Principal
from taskflowmq.server.edge.room import Seat

_KEY = "taskflow"


class RequestContext:
    """One admitted request.

    Attributes:
        principal: who calls.
        actor: its name in records.
        caller: whose requests are limited together: all of an actor, or those of a visitor's address.
        base: the path prefix under which the browser reaches this server, empty at the root.
        tenant: whose jobs, queues and tasks the request reads and changes.
        request_id: names the request in answers and logs.
        headers: the request's fields, names in lower case.
        seat: its seat among the reads; the gate gives one to each read.
        wants_body: of a read or a stream: whether it is no HEAD.
        requires_reason: whether an act must say why.
        may_stay: tells whether its caller may still read; None unless it is for a stream.
    """

    __slots__ = (
        "actor",
        "base",
        "caller",
        "headers",
        "may_stay",
        "principal",
        "request_id",
        "requires_reason",
        "seat",
        "tenant",
        "wants_body",
    )

    seat: Seat
    wants_body: bool

    def __init__(
        self,
        principal: Principal,
        tenant: str,
        request_id: str,
        headers: Mapping[bytes, bytes],
        base: str = "",
        may_stay: Callable[[], bool] | None = None,
        *,
        caller: str | None = None,
        requires_reason: bool = False,
    ) -> None:
        self.principal = principal
        self.actor = principal.actor
        self.caller = principal.actor if caller is None else caller
        self.tenant = tenant
        self.request_id = request_id
        self.headers = headers
        self.base = base
        self.may_stay = may_stay
        self.requires_reason = requires_reason

    def put_into(self, scope: MutableMapping[str, Any]) -> None:
        """Let the request's scope carry this."""
        scope[_KEY] = self


def context_of(scope: Mapping[str, Any]) -> RequestContext:
    """Return what the gate has put into the scope of a request."""
    context: RequestContext = scope[_KEY]
    return context
