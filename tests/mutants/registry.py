"""The mistakes that the suites must notice, and which test must notice each: the checkers, checked.

``make check-checkers`` runs every mutant against its catchers; each of them has to fail, and the bystanders have to
pass, so that a mutant which is merely broken counts for nothing. To have your checker checked, add its node id to
``caught_by`` of a mutant, or a mutant of your own. Keep the replaced texts small: the code around them changes.
What lies above the stores is in ``above_stores``.
"""

from __future__ import annotations

from tests.mutants.above_stores import LANES, TEXTS
from tests.mutants.mutant import Engine, Mutant
from tests.mutants.tree import Edit

_SQLITE = "tests/conformance/test_sqlite.py::"
_POSTGRES = "tests/conformance/test_postgres.py::"
_DUELS_SQLITE = "tests/races/test_sqlite.py::TestDuels::"
_DUELS = "tests/races/test_postgres.py::TestDuels::"
_SIMULATION = "tests/simulation/test_simulation.py::"
_STORIES = "tests/simulation/test_stories.py::"
_CHAOS = "tests/chaos/test_chaos.py::test_a_minute_of_chaos_on_postgres_breaks_no_promise"

#: What works in spite of every mutant: enqueue, claim, read.
BYSTANDERS: dict[Engine, tuple[str, ...]] = {
    "sqlite": (_SQLITE + "TestClaims::test_first_in_first_out",),
    "postgres": (_POSTGRES + "TestClaims::test_first_in_first_out",),
    "any": ("tests/scheduler/test_duties.py::test_the_rescuer_settles_what_lost_workers_held",),
}

_TAKE_KEY = "stores/postgres/functions/take_unique_key.sql"

FENCE = (
    Mutant(
        "fence-removed",
        "sqlite",
        "a settle takes whatever attempt of the job is running for its own",
        (
            Edit("stores/sqlite/only/settle/end_completed_jobs.sql", "WHERE r.lease_no = :lease_no", "WHERE true"),
            Edit("core/fates.py", "_RUNNING and stored.lease_no == change.counters.lease_no:", "_RUNNING:"),
        ),
        # Of the fixed seeds one is enough: it takes a worker that wakes while another runs its job.
        (
            _SQLITE + "TestFence::test_a_zombie_is_stale_while_another_runs_its_job",
            _STORIES + "test_a_zombie_that_wakes_up_while_another_runs_its_job_changes_nothing[sqlite]",
        ),
    ),
    Mutant(
        "fence-removed",
        "postgres",
        "a settle takes whatever attempt of the job is running for its own",
        (
            Edit(
                "stores/postgres/only/settle/complete_jobs.sql",
                "WHERE r.job_id = x.job_id AND r.lease_no = x.lease_no FOR UPDATE",
                "WHERE r.job_id = x.job_id FOR UPDATE",
            ),
            Edit(
                "stores/postgres/functions/settle_many.sql",
                "WHERE r.job_id = x.job_id AND r.lease_no = x.lease_no FOR UPDATE",
                "WHERE r.job_id = x.job_id FOR UPDATE",
                times=2,
            ),
        ),
        (
            _POSTGRES + "TestFence::test_a_zombie_is_stale_while_another_runs_its_job",
            _STORIES + "test_a_zombie_that_wakes_up_while_another_runs_its_job_changes_nothing[postgres]",
            _CHAOS,
        ),
    ),
)

_FATES = "TestFates::test_every_report_after_every_fate_is_answered_as_the_core_says"
_EVERY_CASE = "tests/core/test_fates.py::test_every_transition_against_everything_that_a_store_can_hold"

REPLAY = (
    Mutant(
        "replay-without-the-word",
        "any",
        "a job that was cancelled after a hand-back is taken for one whose failure was cancelled",
        (
            Edit(
                "core/fates.py",
                "if stored.ended != change.ended:",
                "if stored.ended not in (None, change.ended):",
            ),
        ),
        (_EVERY_CASE, _SQLITE + _FATES, _POSTGRES + _FATES),
    ),
    Mutant(
        "replay-without-the-redrive",
        "any",
        "the death of a job that was redriven and cancelled before it ran again is called stale",
        (Edit("core/fates.py", "        todo += new\n", ""),),
        (_EVERY_CASE, _SQLITE + _FATES, _POSTGRES + _FATES),
    ),
    Mutant(
        "cancel-request-disobeyed",
        "any",
        "a job that is to be cancelled is tried again",
        (
            Edit(
                "core/transitions.py",
                "    if change.to.final:\n",
                "    if change.to.final or change.ended is not None:\n",
            ),
        ),
        (
            "tests/core/test_transitions.py::test_a_cancel_request_ends_whatever_would_go_on",
            _SQLITE + "TestCancelling::test_a_request_wins_over_another_try",
            # Here SQL obeys, and the core says otherwise.
            _POSTGRES + "TestFates::test_a_cancel_request_ends_what_would_go_on_and_nothing_else",
        ),
    ),
)

RESCUE = (
    Mutant(
        "rescue-without-grace",
        "any",
        "after an outage every worker looks dead, and is taken for dead",
        (Edit("core/grace.py", "step = Grace.GIVE", "step = Grace.LEAVE", times=2),),
        (
            "tests/core/test_grace.py::test_rescues_wait_when_silence_may_be_our_own",
            _STORIES + "test_an_outage_longer_than_the_lease_costs_nobody_anything[model]",
            _CHAOS,
        ),
    ),
)

CHARGE = (
    Mutant(
        "charged-at-finish",
        "sqlite",
        "the attempt is counted when the worker reports its end, so that a lost one was never counted",
        (Edit("stores/sqlite/only/claims/start_jobs.sql", "r.round, r.attempt + 1,", "r.round, r.attempt,"),),
        (_SQLITE + "TestClaims::test_a_claim_is_charged_before_the_body_starts", _SIMULATION + "test_sqlite[11]"),
    ),
    Mutant(
        "charged-at-finish",
        "postgres",
        "the attempt is counted when the worker reports its end, so that a lost one was never counted",
        (
            Edit(
                "stores/postgres/fragments/start_picked.sql",
                "round, attempt + 1, crashes, losses, lease_no + 1, flags & ~2",
                "round, attempt, crashes, losses, lease_no + 1, flags & ~2",
            ),
        ),
        (_POSTGRES + "TestClaims::test_a_claim_is_charged_before_the_body_starts", _SIMULATION + "test_postgres[21]"),
    ),
)

WORKER_ROW = (
    Mutant(
        "claim-without-worker",
        "sqlite",
        "a worker that has been ended goes on claiming, and nobody ever looks for its jobs",
        (
            Edit(
                "stores/sqlite/queries/claims/list_lanes.sql",
                "EXISTS (SELECT 1 FROM taskflow_worker WHERE id = :worker_id AND ended_at IS NULL)",
                "(SELECT :worker_id IS NOT NULL)",
            ),
        ),
        (
            _SQLITE + "TestClaims::test_an_ended_worker_gets_nothing",
            _STORIES + "test_a_claim_that_arrives_after_its_worker_was_ended_gets_nothing[sqlite]",
        ),
    ),
    Mutant(
        "claim-without-worker",
        "postgres",
        "a worker that has been ended goes on claiming, and nobody ever looks for its jobs",
        (
            Edit(
                "stores/postgres/only/claims/claim_jobs.sql",
                "WHERE id = $2::uuid AND ended_at IS NULL\n",
                "WHERE id = $2::uuid\n",
            ),
        ),
        (
            _POSTGRES + "TestClaims::test_an_ended_worker_gets_nothing",
            _STORIES + "test_a_claim_that_arrives_after_its_worker_was_ended_gets_nothing[postgres]",
            _DUELS + "test_the_workers_end_before_claim",
        ),
    ),
    Mutant(
        "worker-not-held",
        "postgres",
        "a claim looks whether its worker has ended, and the worker may end before the claim does",
        (
            Edit(
                "stores/postgres/only/claims/claim_jobs.sql",
                "FOR KEY SHARE",
                "",
            ),
        ),
        (_DUELS + "test_the_workers_end_before_claim", _DUELS + "test_claim_before_the_workers_end"),
    ),
)

CURSOR = (
    Mutant(
        "cursor-without-sweep",
        "postgres",
        "what commits late behind a claimer's position is never looked at again",
        (
            Edit("stores/postgres/cursors.py", "return at >= self._sweep_at\n", "return False\n"),
            Edit("stores/postgres/cursors.py", "return at >= self._sweep_at - SWEEP_S / 5", "return False"),
        ),
        (_DUELS + "test_a_job_that_commits_late_is_found_behind_the_positions",),
    ),
    Mutant(
        "floor-skips-locked",
        "postgres",
        "the floor of a sweep rises over rows that a claim which may still roll back has locked",
        (
            Edit(
                "stores/postgres/only/claims/sample_positions.sql",
                "ORDER BY r.seq LIMIT 1)",
                "ORDER BY r.seq LIMIT 1 FOR UPDATE SKIP LOCKED)",
            ),
            Edit(
                "stores/postgres/only/claims/peek_lanes.sql",
                "ORDER BY r.seq LIMIT 1)",
                "ORDER BY r.seq LIMIT 1 FOR UPDATE SKIP LOCKED)",
            ),
        ),
        (_DUELS + "test_rows_that_a_claim_gives_up_are_not_below_the_floor",),
    ),
)

UNIQUE = (
    Mutant(
        "unique-checked-before",
        "sqlite",
        "the key is looked up first and taken afterwards: two that look at once both take it",
        (
            Edit(
                "stores/sqlite/only/intake/take_unique_keys.sql",
                "WHERE taskflow_unique_lock.until <= :now",
                "WHERE true",
            ),
            Edit(
                "stores/sqlite/intake.py",
                "        if idempotency is None and act is None and len(jobs) <= _SMALL and",
                "        if len(jobs) == 1 and jobs[0].unique is not None and jobs[0].unique.on_conflict == 'return':\n"
                "            look = 'SELECT job_id FROM taskflow_unique_lock WHERE key = ?'\n"
                "            key = jobs[0].unique.key\n"
                "            found = await self._reader.run(lambda conn: conn.execute(look, (key,)).fetchall())\n"
                "            if found:\n"
                "                holder = type(jobs[0].id)(bytes=found[0][0])\n"
                "                return [Enqueued(holder, holder == jobs[0].id, holder == jobs[0].id)]\n"
                "        if idempotency is None and act is None and len(jobs) <= _SMALL and",
            ),
        ),
        (
            _DUELS_SQLITE + "test_two_jobs_of_one_unique_key",
            _STORIES + "test_one_key_is_held_by_one_job_whatever_came_before[sqlite]",
        ),
    ),
    Mutant(
        "unique-checked-before",
        "postgres",
        "the key is looked up first and taken afterwards: two that look at once both take it",
        (
            Edit(
                _TAKE_KEY,
                "VALUES (in_tenant, wanted, for_job, freed_at, keep_until) ON CONFLICT (tenant_id, key) DO NOTHING;",
                "SELECT in_tenant, wanted, for_job, freed_at, keep_until WHERE NOT EXISTS (SELECT FROM"
                " taskflow.unique_lock u WHERE u.tenant_id = in_tenant AND u.key = wanted)"
                " ON CONFLICT (tenant_id, key) DO UPDATE SET job_id = excluded.job_id;",
            ),
        ),
        (_DUELS + "test_two_jobs_of_one_unique_key", _POSTGRES + "TestRaces::test_fifty_enqueues_on_twenty_keys[few]"),
    ),
    Mutant(
        "unique-kept-at-the-end",
        "sqlite",
        "a job that ends keeps its unique key, whichever way it ends",
        (Edit("stores/sqlite/job_steps.py", "    if keys:\n", "    if keys and requests:\n"),),
        (
            _SQLITE + "TestUnique::test_the_key_is_free_when_its_holder_has_ended",
            _SQLITE + "TestUnique::test_a_key_of_a_job_that_expired_while_waiting_is_free",
            _SQLITE + "TestUnique::test_until_start_is_free_when_cancelled_before",
        ),
    ),
)

REPEAT = (
    Mutant(
        "repeat-inserts-again",
        "sqlite",
        "an enqueue that is repeated after a lost reply puts its job in line a second time",
        (
            Edit(
                "stores/sqlite/only/intake/insert_jobs.sql",
                "INSERT INTO taskflow_job",
                "INSERT OR IGNORE INTO taskflow_job",
            ),
            Edit(
                "stores/sqlite/only/intake/enqueue_alike.sql",
                "INSERT INTO taskflow_job",
                "INSERT OR IGNORE INTO taskflow_job",
            ),
        ),
        (
            _SQLITE + "TestIntake::test_a_repeat_is_a_replay_whatever_became_of_the_job",
            _STORIES + "test_an_enqueue_whose_answer_was_lost_is_stored_once[sqlite]",
        ),
    ),
    Mutant(
        "repeat-inserts-again",
        "postgres",
        "an enqueue that is repeated after a lost reply puts its job in line a second time",
        (
            Edit(
                "stores/postgres/only/intake/enqueue_jobs.sql",
                "  WHERE taskflow.refuse_unless(\n    job.tenant_id",
                "  WHERE NOT taskflow.refuse_unless(\n    job.tenant_id",
            ),
        ),
        (_POSTGRES + "TestIntake::test_a_repeat_is_a_replay_whatever_became_of_the_job",),
    ),
)

LOCKS = (
    Mutant(
        "batches-in-callers-order",
        "postgres",
        "a batch locks its rows in the order in which it was given: two batches deadlock, and a retry hides it",
        (
            Edit("stores/postgres/settling.py", "ordered = sorted(changes, key=_id)", "ordered = list(changes)"),
            Edit("stores/postgres/intake.py", "ordered = sorted(jobs, key=_by_id)", "ordered = list(jobs)"),
        ),
        (_DUELS + "test_settling_from_both_ends", _DUELS + "test_storing_from_both_ends"),
    ),
    Mutant(
        "cancel-without-lock",
        "postgres",
        "a request to cancel does not wait for a settle under way, and is written for a job that has moved on",
        (
            Edit(
                "stores/postgres/queries/jobs/request_cancels.sql",
                "WHERE r.job_id = x.id FOR KEY SHARE",
                "WHERE r.job_id = x.id",
            ),
        ),
        (_DUELS + "test_another_try_before_cancel", _DUELS + "test_complete_before_cancel"),
    ),
    Mutant(
        "transactions-from-the-pool",
        "postgres",
        "handlers in transactions take the connections on which claims and settles live, and wait for each other",
        (
            Edit(
                "stores/postgres/claims.py",
                "lending.transaction(self._lent)",
                "lending.transaction(self._pool)",
            ),
        ),
        (_DUELS + "test_handlers_in_transactions_stop_nobody",),
    ),
    Mutant(
        "prune-by-list",
        "sqlite",
        "what was found prunable is deleted, also where somebody has redriven it meanwhile",
        (
            Edit(
                "stores/sqlite/only/upkeep/prune_jobs.sql",
                "AND NOT EXISTS (SELECT 1 FROM taskflow_ready AS r WHERE r.job_id = x.id)",
                "",
            ),
        ),
        (_DUELS_SQLITE + "test_retry_before_prune",),
    ),
)

BY_HAND = (
    Mutant(
        "delete-what-lives",
        "any",
        "a job can be deleted before it has ended",
        (
            Edit(
                "core/operations.py",
                "    if state in FINAL:\n        return Decision(DeleteAnswer.DELETED",
                "    if state is not State.RUNNING:\n        return Decision(DeleteAnswer.DELETED",
            ),
        ),
        (
            "tests/core/test_operations.py::test_what_has_ended_can_be_deleted",
            _SQLITE + "TestJobs::test_an_operation_does_what_the_state_allows",
            _POSTGRES + "TestJobs::test_an_operation_does_what_the_state_allows",
        ),
    ),
)

_READ = "TestFields::test_a_reader_sees_all_of_a_job_whichever_way_it_came"
_RUN = "TestFields::test_a_worker_sees_all_of_a_job_whichever_way_it_came"

FIELDS = (
    Mutant(
        "field-forgotten",
        "sqlite",
        "the version of a job's arguments is not written",
        (
            Edit("stores/sqlite/fragments/job_fields.sql", ":timeout_ms, :args_version", ":timeout_ms, 1"),
            Edit("stores/sqlite/fragments/job_fields.sql", "json_extract(value, '$[10]')", "1"),
        ),
        (_SQLITE + _RUN + "[alone-ready]", _SQLITE + _RUN + "[bulk-ready]"),
    ),
    Mutant(
        "field-forgotten",
        "postgres",
        "meta and headers are written of jobs of bulks only",
        (Edit("stores/postgres/rows.py", "text and text.decode() for text", "None for text"),),
        (_POSTGRES + _READ + "[alone-ready]", _POSTGRES + _RUN + "[alike-ready]"),
    ),
)

MUTANTS: tuple[Mutant, ...] = (
    *FENCE,
    *REPLAY,
    *RESCUE,
    *CHARGE,
    *WORKER_ROW,
    *CURSOR,
    *LANES,
    *UNIQUE,
    *REPEAT,
    *LOCKS,
    *BY_HAND,
    *FIELDS,
    *TEXTS,
)
