-- Counts a tenant's ($2) jobs per lane and state, at most $1 of each; "all_ended" says how many of its jobs have ended.
WITH all_ended AS (SELECT 0::bigint AS jobs),
-- begin
ended AS MATERIALIZED (
  SELECT a.jobs,
         (SELECT count(*) FROM (
            SELECT FROM taskflow.outcome o
            CROSS JOIN LATERAL (SELECT j.tenant_id FROM taskflow.job j WHERE j.id = o.job_id OFFSET 0) j
            WHERE o.state <> 'completed' AND o.state = 'cancelled' AND j.tenant_id = $2::integer LIMIT $1::bigint) o) AS cancelled,
         (SELECT count(*) FROM (
            SELECT FROM taskflow.outcome o
            CROSS JOIN LATERAL (SELECT j.tenant_id FROM taskflow.job j WHERE j.id = o.job_id OFFSET 0) j
            WHERE o.state <> 'completed' AND o.state = 'dead' AND j.tenant_id = $2::integer LIMIT $1::bigint) o) AS dead
  FROM all_ended a
),
mine AS MATERIALIZED (
  SELECT l.id FROM taskflow.queue q JOIN taskflow.lane l ON l.queue_id = q.id WHERE q.tenant_id = $2::integer
)
SELECT 'pending' AS state, r.lane_id, count(*) AS jobs
FROM (SELECT r.lane_id FROM mine m
      CROSS JOIN LATERAL (SELECT r.lane_id FROM taskflow.ready r WHERE r.lane_id = m.id LIMIT $1::bigint) r LIMIT $1::bigint) r
GROUP BY r.lane_id
UNION ALL
SELECT 'running', r.lane_id, count(*)
FROM (SELECT r.lane_id FROM taskflow.running r WHERE r.lane_id = ANY(ARRAY(SELECT id FROM mine)) LIMIT $1::bigint) r
GROUP BY r.lane_id
UNION ALL
SELECT w.why, w.lane_id, count(*)
FROM (SELECT w.why, j.lane_id FROM taskflow.waiting w
      CROSS JOIN LATERAL (SELECT j.lane_id, j.tenant_id FROM taskflow.job j WHERE j.id = w.job_id OFFSET 0) j
      WHERE j.tenant_id = $2::integer LIMIT $1::bigint) w
GROUP BY w.why, w.lane_id
UNION ALL
SELECT 'completed', NULL, least(jobs - cancelled - dead, $1::bigint) FROM ended
UNION ALL
SELECT 'cancelled', NULL, cancelled FROM ended
UNION ALL
SELECT 'dead', NULL, dead FROM ended
-- end
