"""The list of topics."""

from __future__ import annotations

from taskflowmq.testing.conformance.attempts import TestAttempts
from taskflowmq.testing.conformance.audit import TestAudit
from taskflowmq.testing.conformance.bulk_moves import TestBulkMoves
from taskflowmq.testing.conformance.bulks import TestBulks
from taskflowmq.testing.conformance.caller_transactions import TestCallerTransactions
from taskflowmq.testing.conformance.cancelling import TestCancelling
from taskflowmq.testing.conformance.claims import TestClaims
from taskflowmq.testing.conformance.error_groups import TestErrorGroups
from taskflowmq.testing.conformance.error_releases import TestErrorReleases
from taskflowmq.testing.conformance.fates import TestFates
from taskflowmq.testing.conformance.fence import TestFence
from taskflowmq.testing.conformance.fields import TestFields
from taskflowmq.testing.conformance.filters import TestFilters
from taskflowmq.testing.conformance.history import TestHistory, TestHistoryOfTheUnstarted
from taskflowmq.testing.conformance.idempotency import TestIdempotency
from taskflowmq.testing.conformance.inspections import TestInspections
from taskflowmq.testing.conformance.intake import TestIntake
from taskflowmq.testing.conformance.jobs import TestJobs
from taskflowmq.testing.conformance.lanes import TestLanes
from taskflowmq.testing.conformance.listing import TestListing
from taskflowmq.testing.conformance.logs import TestLogs
from taskflowmq.testing.conformance.moving import TestMoving
from taskflowmq.testing.conformance.notifier import TestNotifier
from taskflowmq.testing.conformance.probes import TestProbes
from taskflowmq.testing.conformance.queues import TestQueues, TestUnusedQueues
from taskflowmq.testing.conformance.races import TestRaces
from taskflowmq.testing.conformance.rescheduling import TestRescheduling
from taskflowmq.testing.conformance.retention import TestRetention
from taskflowmq.testing.conformance.schema import TestSchema
from taskflowmq.testing.conformance.settle import TestSettle
from taskflowmq.testing.conformance.support import StoreSuite
from taskflowmq.testing.conformance.tenants import TestTenants
from taskflowmq.testing.conformance.unique import TestUnique
from taskflowmq.testing.conformance.unstorable import TestUnstorable
from taskflowmq.testing.conformance.upkeep import TestUpkeep
from taskflowmq.testing.conformance.views import TestViews
from taskflowmq.testing.conformance.walk import TestWalk
from taskflowmq.testing.conformance.workers import TestWorkers

ALL: tuple[type[StoreSuite], ...] = (
    TestAttempts,
    TestBulks,
    TestBulkMoves,
    TestAudit,
    TestJobs,
    TestCallerTransactions,
    TestCancelling,
    TestClaims,
    TestErrorGroups,
    TestErrorReleases,
    TestFates,
    TestFence,
    TestFields,
    TestFilters,
    TestHistory,
    TestHistoryOfTheUnstarted,
    TestIdempotency,
    TestInspections,
    TestIntake,
    TestLanes,
    TestListing,
    TestLogs,
    TestMoving,
    TestNotifier,
    TestProbes,
    TestQueues,
    TestRaces,
    TestRescheduling,
    TestRetention,
    TestSchema,
    TestSettle,
    TestTenants,
    TestUnique,
    TestUnstorable,
    TestUnusedQueues,
    TestUpkeep,
    TestViews,
    TestWalk,
    TestWorkers,
)


def topics(*, one_writer: bool = False) -> dict[str, type[StoreSuite]]:
    """Return every topic by its class name, for a test module's namespace.

    Args:
        one_writer: the engine lets one transaction write at a time, so that commits cannot overlap.
    """
    return {topic.__name__: type(topic.__name__, (topic,), {"one_writer": one_writer}) for topic in ALL}
