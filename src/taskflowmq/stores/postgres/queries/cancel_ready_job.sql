-- Cancels a job that is ready and not claimed, and frees its unique key.
WITH gone AS (
  DELETE FROM taskflow.ready WHERE job_id = $2::uuid
  RETURNING job_id, round, attempt, crashes, losses, lease_no
),
freed AS (
  DELETE FROM taskflow.unique_lock WHERE job_id = (SELECT job_id FROM gone) AND free_at IN ('start', 'finish')
)
INSERT INTO taskflow.outcome (job_id, state, reason, finished_at, round, attempt, crashes, losses, lease_no)
SELECT job_id, 'cancelled', 'cancelled_by_user', (SELECT coalesce($1::timestamptz, clock_timestamp())), round, attempt,
       crashes, losses, lease_no
FROM gone
RETURNING job_id
