-- Cancels jobs that are ready and not claimed, and frees their unique keys. Pass the ids in order: so they are locked.
WITH held AS MATERIALIZED (
  SELECT r.ctid FROM unnest($2::uuid[]) AS x (id)
  CROSS JOIN LATERAL (SELECT r.ctid FROM taskflow.ready r WHERE r.job_id = x.id FOR UPDATE) r
),
gone AS (
  DELETE FROM taskflow.ready WHERE ctid = ANY(ARRAY(SELECT held.ctid FROM held))
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags, true AS from_ready
)
-- include: cancel_gone
SELECT job_id FROM ending
