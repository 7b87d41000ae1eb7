-- Counts jobs per lane and state, at most $1 of each place (one more means "at least"). Ended jobs have no lane here.
-- Completed is ended less the others: exact while each of those stays below $1.
WITH ended AS MATERIALIZED (
  SELECT (SELECT count(*) FROM (SELECT FROM taskflow.outcome LIMIT 3 * $1::bigint) o) AS jobs,
         (SELECT count(*) FROM (
            SELECT FROM taskflow.outcome WHERE state <> 'completed' AND state = 'cancelled' LIMIT $1::bigint) o) AS cancelled,
         (SELECT count(*) FROM (
            SELECT FROM taskflow.outcome WHERE state <> 'completed' AND state = 'dead' LIMIT $1::bigint) o) AS dead
)
SELECT 'pending' AS state, lane_id, count(*) AS jobs FROM (SELECT lane_id FROM taskflow.ready LIMIT $1::bigint) r GROUP BY lane_id
UNION ALL
SELECT 'running', lane_id, count(*) FROM (SELECT lane_id FROM taskflow.running LIMIT $1::bigint) r GROUP BY lane_id
UNION ALL
SELECT w.why, j.lane_id, count(*) FROM (SELECT job_id, why FROM taskflow.waiting LIMIT $1::bigint) w
CROSS JOIN LATERAL (SELECT j.lane_id FROM taskflow.job j WHERE j.id = w.job_id OFFSET 0) j GROUP BY w.why, j.lane_id
UNION ALL
SELECT 'completed', NULL, least(jobs - cancelled - dead, $1::bigint) FROM ended
UNION ALL
SELECT 'cancelled', NULL, cancelled FROM ended
UNION ALL
SELECT 'dead', NULL, dead FROM ended
