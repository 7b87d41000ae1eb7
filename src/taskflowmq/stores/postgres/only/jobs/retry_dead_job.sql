-- Opens a new round for a dead job: ready at once, counters 0, old attempts and the fence kept. It holds no unique key
-- any more; an expiry that has passed and old cancel requests do not count: an operator requested the run.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
gone AS (
  DELETE FROM taskflow.outcome WHERE job_id = $2::uuid AND state = 'dead' RETURNING job_id, round, lease_no
),
dropped AS (
  DELETE FROM taskflow.cancel_request WHERE job_id = (SELECT job_id FROM gone)
),
arriving AS (
  SELECT j.lane_id, g.job_id, j.task_id, (SELECT now FROM n) AS ready_at,
         CASE WHEN j.expires_at > (SELECT now FROM n) THEN j.expires_at END AS expires_at, g.round + 1 AS round, 0 AS attempt,
         0 AS crashes, 0 AS losses, g.lease_no, 0 AS flags
  FROM gone g
  CROSS JOIN LATERAL (SELECT j.lane_id, j.task_id, j.expires_at FROM taskflow.job j WHERE j.id = g.job_id OFFSET 0) j
)
-- include: arrive
SELECT job_id FROM arriving
