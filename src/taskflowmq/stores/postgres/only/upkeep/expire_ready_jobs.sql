-- Cancels ready jobs whose expiry has passed, and frees their unique keys.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
late AS MATERIALIZED (
  SELECT r.ctid FROM taskflow.ready r WHERE r.expires_at <= (SELECT now FROM n)
  ORDER BY r.expires_at LIMIT $2::integer FOR UPDATE SKIP LOCKED
),
gone AS (
  DELETE FROM taskflow.ready WHERE ctid = ANY(ARRAY(SELECT late.ctid FROM late))
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags
),
ending AS NOT MATERIALIZED (
  SELECT job_id, 'cancelled' AS state, 'expired' AS reason, (SELECT now FROM n) AS finished_at
         -- include: not_run
         , true AS from_ready
  FROM gone
)
-- include: end_job
-- include: count_cancelled
SELECT job_id FROM gone
