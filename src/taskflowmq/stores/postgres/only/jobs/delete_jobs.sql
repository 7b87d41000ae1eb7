-- Deletes jobs that have ended in one of the states $3: their outcomes, attempts and log lines are deleted, their emptied rows
-- keep the bare ids for 24 h. Pass the ids in order: so they are locked.
WITH held AS MATERIALIZED (
  SELECT o.job_id FROM unnest($2::uuid[]) AS x (id)
  CROSS JOIN LATERAL (
    SELECT o.job_id FROM taskflow.outcome o WHERE o.job_id = x.id AND o.state = ANY($3::text[]) FOR UPDATE) o
),
gone AS (
  DELETE FROM taskflow.outcome WHERE job_id = ANY(ARRAY(SELECT job_id FROM held)) RETURNING job_id
),
attempts AS (
  DELETE FROM taskflow.attempt WHERE job_id = ANY(ARRAY(SELECT job_id FROM held))
),
lines AS (
  DELETE FROM taskflow.job_log WHERE job_id = ANY(ARRAY(SELECT job_id FROM held))
),
requests AS (
  DELETE FROM taskflow.cancel_request WHERE job_id = ANY(ARRAY(SELECT job_id FROM held))
)
UPDATE taskflow.job
SET deleted_at = (SELECT coalesce($1::timestamptz, clock_timestamp())), args = '{}', tags = NULL, unique_key = NULL
-- include: job_fields.emptied
WHERE id = ANY(ARRAY(SELECT job_id FROM gone))
RETURNING id AS job_id
