-- Opens a new round for dead jobs: ready at once, in the order of their ids, counters 0, old attempts and the fence kept.
-- They hold no unique key any more; an expiry that has passed and old cancel requests do not count: an operator requested the
-- run. Pass the ids in order: so they are locked.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
held AS MATERIALIZED (
  SELECT o.job_id FROM unnest($2::uuid[]) AS x (id)
  CROSS JOIN LATERAL (SELECT o.job_id FROM taskflow.outcome o WHERE o.job_id = x.id AND o.state = 'dead' FOR UPDATE) o
),
gone AS (
  DELETE FROM taskflow.outcome WHERE job_id = ANY(ARRAY(SELECT job_id FROM held)) RETURNING job_id, round, lease_no
),
dropped AS (
  DELETE FROM taskflow.cancel_request WHERE job_id = ANY(ARRAY(SELECT job_id FROM held))
),
arriving AS (
  SELECT j.lane_id, g.job_id, j.task_id, (SELECT now FROM n) AS ready_at,
         CASE WHEN j.expires_at > (SELECT now FROM n) THEN j.expires_at END AS expires_at, g.round + 1 AS round, 0 AS attempt,
         0 AS crashes, 0 AS losses, g.lease_no, 0 AS flags
  FROM gone g
  CROSS JOIN LATERAL (SELECT j.lane_id, j.task_id, j.expires_at FROM taskflow.job j WHERE j.id = g.job_id OFFSET 0) j
  ORDER BY g.job_id
)
-- include: arrive
SELECT job_id FROM arriving
