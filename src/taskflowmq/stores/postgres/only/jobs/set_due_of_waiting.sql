-- Makes scheduled and retrying jobs wait until another time; those that were never claimed have it as their run_at. Pass the ids in order: so they are locked.
WITH held AS MATERIALIZED (
  SELECT w.ctid FROM unnest($1::uuid[]) AS x (id)
  CROSS JOIN LATERAL (
    SELECT w.ctid FROM taskflow.waiting w WHERE w.job_id = x.id AND w.why IN ('scheduled', 'retrying') FOR UPDATE) w
),
moved AS (
  UPDATE taskflow.waiting SET due_at = $2::timestamptz WHERE ctid = ANY(ARRAY(SELECT held.ctid FROM held))
  RETURNING job_id, lease_no
),
told AS (
  UPDATE taskflow.job SET run_at = $2::timestamptz WHERE id = ANY(ARRAY(SELECT job_id FROM moved WHERE lease_no = 0))
)
SELECT job_id FROM moved
