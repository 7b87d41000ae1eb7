-- Cancels a job that is ready and not claimed, and frees its unique key.
WITH gone AS (
  DELETE FROM taskflow.ready WHERE job_id = $2::uuid
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags
)
-- include: cancel_gone
SELECT job_id FROM ending
