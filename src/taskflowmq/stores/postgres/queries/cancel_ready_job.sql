-- Cancels a job that is ready and not claimed, and frees its unique key.
WITH gone AS (
  DELETE FROM taskflow.ready WHERE job_id = $2::uuid
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags
),
ending AS (
  SELECT job_id, 'cancelled' AS state, 'cancelled_by_user' AS reason,
         (SELECT coalesce($1::timestamptz, clock_timestamp())) AS finished_at
         -- include: not_run
  FROM gone
)
-- include: end_job
SELECT job_id FROM ending
