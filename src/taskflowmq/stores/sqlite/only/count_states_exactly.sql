-- How many jobs each state has, counted to the end.
WITH ended (state, jobs) AS MATERIALIZED (
  SELECT state, count(*) FROM taskflow_outcome WHERE state <> 'completed' GROUP BY state
)
SELECT 'pending', count(*) FROM taskflow_ready
UNION ALL SELECT 'running', count(*) FROM taskflow_running
UNION ALL SELECT * FROM (SELECT why, count(*) FROM taskflow_waiting GROUP BY why)
UNION ALL SELECT state, jobs FROM ended
UNION ALL SELECT 'completed', (SELECT count(*) FROM taskflow_outcome) - (SELECT coalesce(sum(jobs), 0) FROM ended)
