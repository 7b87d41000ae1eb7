-- Every queue with its live jobs by state and when its oldest ready job became ready.
SELECT q.name, q.paused_at, x.state, sum(x.jobs), min(x.oldest)
FROM taskflow_queue AS q
LEFT JOIN taskflow_lane AS l ON l.queue_id = q.id
LEFT JOIN (
  SELECT lane_id, 'pending' AS state, count(*) AS jobs, min(ready_at) AS oldest FROM taskflow_ready GROUP BY lane_id
  UNION ALL
  SELECT lane_id, 'running', count(*), NULL FROM taskflow_running GROUP BY lane_id
  UNION ALL
  SELECT j.lane_id, w.why, count(*), NULL
  FROM taskflow_waiting AS w
  CROSS JOIN taskflow_job AS j ON j.id = w.job_id
  GROUP BY j.lane_id, w.why
) AS x ON x.lane_id = l.id
GROUP BY q.id, x.state
ORDER BY q.name
