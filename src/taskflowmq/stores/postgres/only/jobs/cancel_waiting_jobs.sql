-- Cancels jobs that wait for their time, and frees their unique keys. Pass the ids in order: so they are locked.
WITH held AS MATERIALIZED (
  SELECT w.ctid FROM unnest($2::uuid[]) AS x (id)
  CROSS JOIN LATERAL (SELECT w.ctid FROM taskflow.waiting w WHERE w.job_id = x.id FOR UPDATE) w
),
gone AS (
  DELETE FROM taskflow.waiting WHERE ctid = ANY(ARRAY(SELECT held.ctid FROM held))
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags, false AS from_ready
)
-- include: cancel_gone
SELECT job_id FROM ending
