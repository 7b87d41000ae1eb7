-- How many jobs are ready, by queue and task: [[queue, task, jobs], ...].
SELECT json_group_array(json_array(queue_id, task_id, jobs))
FROM (
  SELECT l.queue_id, r.task_id, sum(r.jobs) AS jobs
  FROM (SELECT lane_id, task_id, count(*) AS jobs FROM taskflow_ready GROUP BY lane_id, task_id) AS r
  JOIN taskflow_lane AS l ON l.id = r.lane_id
  GROUP BY l.queue_id, r.task_id
)
