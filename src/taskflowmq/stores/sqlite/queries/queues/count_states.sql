-- Counts jobs per state and queue, at most :most of each place (one more means "at least"; below zero: all of them). Ended
-- jobs have no queue here. Completed is ended less the others: exact while each of those stays below :most.
WITH ended (jobs, cancelled, dead) AS MATERIALIZED (
  SELECT CASE WHEN :most < 0 THEN (SELECT count(*) FROM taskflow_outcome)  -- without a limit SQLite counts by the page
              ELSE (SELECT count(*) FROM (SELECT 1 FROM taskflow_outcome LIMIT 3 * :most)) END,
         (SELECT count(*) FROM (SELECT 1 FROM taskflow_outcome
                                WHERE state <> 'completed' AND state = 'cancelled' LIMIT :most)),
         (SELECT count(*) FROM (SELECT 1 FROM taskflow_outcome
                                WHERE state <> 'completed' AND state = 'dead' LIMIT :most))
),
live (state, lane_id, jobs) AS MATERIALIZED (
  SELECT 'pending', lane_id, count(*) FROM (SELECT lane_id FROM taskflow_ready LIMIT :most) GROUP BY lane_id
  UNION ALL
  SELECT 'running', lane_id, count(*) FROM (SELECT lane_id FROM taskflow_running LIMIT :most) GROUP BY lane_id
  UNION ALL
  SELECT w.why, j.lane_id, count(*)
  FROM (SELECT job_id, why FROM taskflow_waiting LIMIT :most) AS w
  CROSS JOIN taskflow_job AS j ON j.id = w.job_id
  GROUP BY w.why, j.lane_id
)
SELECT v.state, t.name, q.name, sum(v.jobs)
FROM live AS v
JOIN taskflow_lane AS l ON l.id = v.lane_id
JOIN taskflow_queue AS q ON q.id = l.queue_id
JOIN taskflow_tenant AS t ON t.id = q.tenant_id
GROUP BY v.state, q.id
UNION ALL SELECT 'completed', NULL, NULL, iif(:most < 0, jobs - cancelled - dead, min(jobs - cancelled - dead, :most)) FROM ended
UNION ALL SELECT 'cancelled', NULL, NULL, cancelled FROM ended
UNION ALL SELECT 'dead', NULL, NULL, dead FROM ended
