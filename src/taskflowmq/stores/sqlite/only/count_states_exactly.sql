-- How many jobs each state has, counted to the end.
SELECT 'pending', count(*) FROM taskflow_ready
UNION ALL SELECT 'running', count(*) FROM taskflow_running
UNION ALL SELECT * FROM (SELECT why, count(*) FROM taskflow_waiting GROUP BY why)
UNION ALL SELECT * FROM (SELECT state, count(*) FROM taskflow_outcome GROUP BY state)
