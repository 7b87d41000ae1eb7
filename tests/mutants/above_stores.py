"""Mistakes that lie above the stores: the order of lanes, whom a worker serves, texts."""

from __future__ import annotations

from tests.mutants.mutant import Mutant
from tests.mutants.tree import Edit

_SQLITE = "tests/conformance/test_sqlite.py::"
_POSTGRES = "tests/conformance/test_postgres.py::"
_LANES = "tests/core/test_lanes.py::"

LANES = (
    Mutant(
        "turns-before-priority",
        "any",
        "the queue that was given the least goes first, also before a more urgent priority of another",
        (Edit("core/lanes.py", "return *tenant, self._queues.get(", "return 0, 0, self._queues.get("),),
        (
            _LANES + "test_every_lane_once_and_by_priority",
            _SQLITE + "TestLanes::test_priority_goes_before_the_turns_of_queues",
            _POSTGRES + "TestLanes::test_priority_goes_before_the_turns_of_queues",
        ),
    ),
    Mutant(
        "queues-without-turns",
        "any",
        "of the queues of one priority the first by name goes first each time, and the others starve",
        (Edit("core/lanes.py", "_NONE).get(lane.queue, 0)", "_NONE).get('', 0)"),),
        (
            _LANES + "test_of_two_queues_with_jobs_none_gets_ahead_by_more_than_a_claim",
            _SQLITE + "TestLanes::test_full_queues_share_evenly_whatever_a_claim_takes",
            _POSTGRES + "TestLanes::test_full_queues_share_evenly_whatever_a_claim_takes",
        ),
    ),
    Mutant(
        "tenants-without-turns",
        "any",
        "queues take turns whoever has them, so the tenant with the most queues gets the most",
        (Edit("core/lanes.py", "if len(set(map(_tenant_of, ordered))) > 1:", "if False:"),),
        (
            _LANES + "test_tenants_take_turns_however_many_queues_they_have",
            _SQLITE + "TestTenants::test_tenants_are_served_in_turn_however_many_queues_they_have",
            _POSTGRES + "TestTenants::test_tenants_are_served_in_turn_however_many_queues_they_have",
        ),
    ),
    Mutant(
        "every-tenant-served",
        "any",
        "a worker claims for every tenant, whomever it was told to serve",
        (Edit("worker/claiming/fetcher.py", "tenants=self._deps.tenants,", "tenants=(),"),),
        (
            "tests/worker/test_tenants.py::test_a_worker_claims_listens_and_announces_for_the_tenants_that_it_serves",
            "tests/client/test_tenants.py::test_each_worker_runs_the_jobs_of_its_own_tenant_only",
        ),
    ),
)

TEXTS = (
    Mutant(
        "help-in-riddles",
        "any",
        "an option is described in the author's words, not by the field's term",
        (
            Edit(
                "cli/worker.py",
                "Polling interval in seconds when no wake-up arrives",
                "Seconds between looks for work that nobody announced",
            ),
        ),
        ("tests/tools/test_check_words.py::test_what_the_command_line_shows_has_none",),
    ),
)
