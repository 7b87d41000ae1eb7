-- Makes ready jobs wait until a time; those that were never claimed have it as their run_at. Pass the ids in order: so they are locked.
WITH held AS MATERIALIZED (
  SELECT r.ctid FROM unnest($1::uuid[]) AS x (id)
  CROSS JOIN LATERAL (SELECT r.ctid FROM taskflow.ready r WHERE r.job_id = x.id FOR UPDATE) r
),
gone AS (
  DELETE FROM taskflow.ready WHERE ctid = ANY(ARRAY(SELECT held.ctid FROM held))
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags
),
parked AS (
  INSERT INTO taskflow.waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
  SELECT job_id, 'scheduled', $2::timestamptz, round, attempt, crashes, losses, lease_no, flags FROM gone
),
told AS (
  UPDATE taskflow.job SET run_at = $2::timestamptz WHERE id = ANY(ARRAY(SELECT job_id FROM gone WHERE lease_no = 0))
)
SELECT job_id FROM gone
