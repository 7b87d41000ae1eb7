"""On whose behalf a program acts on jobs and queues, for the audit."""

from __future__ import annotations

from taskflowmq.client.handle import ACTOR
from taskflowmq.core.audit import Caller, Via
from taskflowmq.core.pauses import check_reason


class Acting:
    """How the operators of one app act, and in which tenant.

    Attributes:
        tenant: of the app.
        via: the way; the command line sets its own.
        actor: who acts where a call names no operator.
    """

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.via = Via.PYTHON
        self.actor = ACTOR

    def caller(self, actor: str | None, reason: str | None) -> Caller:
        """Return who acts, for the audit.

        Args:
            actor: the operator; None: :attr:`actor`.
            reason: why, on one line.

        Raises:
            InvalidJob: the reason is too long, or no single line.
        """
        why = check_reason("/reason", reason)
        return Caller(actor=actor or self.actor, via=self.via, tenant=self.tenant, reason=why)
