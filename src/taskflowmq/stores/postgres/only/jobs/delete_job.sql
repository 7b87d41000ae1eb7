-- Deletes an ended job: its outcome and attempts are deleted, its emptied row keeps the bare id for 24 h.
WITH gone AS (
  DELETE FROM taskflow.outcome WHERE job_id = $2::uuid RETURNING job_id
),
attempts AS (
  DELETE FROM taskflow.attempt WHERE job_id = (SELECT job_id FROM gone)
),
requests AS (
  DELETE FROM taskflow.cancel_request WHERE job_id = (SELECT job_id FROM gone)
)
UPDATE taskflow.job
SET deleted_at = (SELECT coalesce($1::timestamptz, clock_timestamp())), args = '{}', tags = NULL, unique_key = NULL
-- include: job_fields.emptied
WHERE id = (SELECT job_id FROM gone)
RETURNING id
