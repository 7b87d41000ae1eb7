-- Moves waiting jobs that are due to ready, each at a new position; cancels those that are past their expiry or that
-- have a cancel request. Skips rows that others hold; safe under parallel stagers.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
due AS MATERIALIZED (
  SELECT w.ctid FROM taskflow.waiting w
  WHERE w.due_at <= (SELECT now FROM n) AND w.deps_left = 0
  ORDER BY w.due_at, w.job_id LIMIT $2::integer FOR UPDATE SKIP LOCKED
),
gone AS (
  DELETE FROM taskflow.waiting WHERE ctid = ANY(ARRAY(SELECT due.ctid FROM due))
  RETURNING job_id, due_at, round, attempt, crashes, losses, lease_no, flags
),
known AS MATERIALIZED (
  SELECT g.*, j.lane_id, j.task_id, j.expires_at,
         CASE WHEN j.expires_at <= (SELECT now FROM n) THEN 'expired' WHEN c.asked THEN 'cancelled_by_user' END AS stopped
  FROM gone g
  CROSS JOIN LATERAL (SELECT j.lane_id, j.task_id, j.expires_at FROM taskflow.job j WHERE j.id = g.job_id OFFSET 0) j
  LEFT JOIN LATERAL (
    SELECT true AS asked FROM taskflow.cancel_request c WHERE c.job_id = g.job_id OFFSET 0) c ON true
),
arriving AS (
  SELECT lane_id, job_id, task_id, (SELECT now FROM n) AS ready_at, expires_at, round, attempt, crashes, losses, lease_no, flags
  FROM known WHERE stopped IS NULL ORDER BY due_at, job_id
),
ending AS NOT MATERIALIZED (
  SELECT job_id, 'cancelled' AS state, stopped AS reason, (SELECT now FROM n) AS finished_at
         -- include: not_run
         , false AS from_ready
  FROM known WHERE stopped IS NOT NULL
)
-- include: arrive
-- include: end_job
-- include: count_cancelled
SELECT lane_id, count(*) FILTER (WHERE stopped IS NULL) AS staged, count(stopped) AS stopped FROM known GROUP BY lane_id
