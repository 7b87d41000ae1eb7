-- Stores how many jobs are ready by queue and task, and their sum, for a minute that has not been counted.
WITH jobs AS MATERIALIZED (
  SELECT l.queue_id, r.task_id, sum(r.jobs) AS ready
  FROM (SELECT lane_id, task_id, count(*) AS jobs FROM taskflow.ready GROUP BY lane_id, task_id) r
  JOIN taskflow.lane l ON l.id = r.lane_id
  GROUP BY l.queue_id, r.task_id
)
INSERT INTO taskflow.backlog (minute, queue_id, task_id, ready)
SELECT $1::timestamptz, j.queue_id, j.task_id, j.ready
FROM (SELECT * FROM jobs UNION ALL SELECT 0, 0, coalesce(sum(ready), 0) FROM jobs) j
WHERE NOT EXISTS (SELECT FROM taskflow.backlog b WHERE b.minute = $1::timestamptz AND b.queue_id = 0)
ON CONFLICT (minute, queue_id, task_id) DO NOTHING
