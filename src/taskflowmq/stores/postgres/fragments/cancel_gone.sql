-- Ends the jobs of the CTE "gone", which never started, as cancelled by a user.
WITH gone AS (
  SELECT job_id, round, attempt, crashes, losses, lease_no, flags, false AS from_ready FROM taskflow.waiting
)
-- begin
, ending AS (
  SELECT job_id, 'cancelled' AS state, 'cancelled_by_user' AS reason,
         (SELECT coalesce($1::timestamptz, clock_timestamp())) AS finished_at
         -- include: not_run
         , from_ready
  FROM gone
)
-- include: end_job
-- include: count_cancelled
-- end
SELECT job_id FROM ending
