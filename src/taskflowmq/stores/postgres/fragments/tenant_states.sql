-- Counts a tenant's ($2) jobs per lane and state, at most $1 of each: "mine" are its lanes, "ended" how many jobs have ended.
WITH mine AS (SELECT l.id FROM taskflow.lane l),
ended AS (SELECT 0::bigint AS jobs, 0::bigint AS cancelled, 0::bigint AS dead)
-- begin
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
