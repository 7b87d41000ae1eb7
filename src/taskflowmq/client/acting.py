"""On whose behalf a program acts on jobs and queues, for the audit."""

from __future__ import annotations

from taskflowmq.client.handle import ACTOR
from taskflowmq.client.session import Session
from taskflowmq.core.audit import Caller, Via
from taskflowmq.core.reasons import check_reason
from taskflowmq.ports.store import Store


class Acting:
    """How the operators of one app act, and in which tenant.

    Attributes:
        tenant: of the app.
        via: the way; the command line sets its own.
        actor: who acts where a call names no operator.
        requires_reason: whether each act on jobs, queues, workers and errors must say why; the command line sets it.
        reads_for_people: whether what is read is shown to people, so that fields are redacted; a program that reads its
            own jobs receives them whole.
    """

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.via = Via.PYTHON
        self.actor = ACTOR
        self.requires_reason = False
        self.reads_for_people = False

    def read(self, session: Session) -> Store:
        """Return where jobs are read from."""
        return session.seen if self.reads_for_people else session.asked

    def caller(self, actor: str | None, reason: str | None, *, keeps_view: bool = False) -> Caller:
        """Return who acts, for the audit.

        Args:
            actor: the operator; None: :attr:`actor`.
            reason: why, on one line.
            keeps_view: whether the act only keeps a view of a list, which needs no reason.

        Raises:
            InvalidJob: the reason is missing though it is required, too long, or no single line.
        """
        why = check_reason("/reason", reason, required=self.requires_reason and not keeps_view)
        return Caller(actor=actor or self.actor, via=self.via, tenant=self.tenant, reason=why)
