-- Cancels ready jobs whose expiry has passed, and frees their unique keys.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
late AS MATERIALIZED (
  SELECT r.ctid AS place FROM taskflow.ready r WHERE r.expires_at <= (SELECT now FROM n)
  ORDER BY r.expires_at LIMIT $2::integer FOR UPDATE SKIP LOCKED
),
gone AS (
  DELETE FROM taskflow.ready WHERE ctid = ANY(ARRAY(SELECT place FROM late))
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags
),
freed AS (
  DELETE FROM taskflow.unique_lock WHERE ctid = ANY(ARRAY(
    SELECT u.place FROM gone g
    CROSS JOIN LATERAL (SELECT u.ctid AS place FROM taskflow.unique_lock u
                        WHERE u.job_id = g.job_id AND u.free_at IN ('start', 'finish') FOR UPDATE) u
    WHERE g.flags & 3 <> 0))
)
INSERT INTO taskflow.outcome (job_id, state, reason, finished_at, round, attempt, crashes, losses, lease_no)
SELECT job_id, 'cancelled', 'expired', (SELECT now FROM n), round, attempt, crashes, losses, lease_no FROM gone
RETURNING job_id
