-- Lists the running jobs of a worker with their counters and names, in id order.
SELECT r.job_id, j.max_attempts, r.round, r.attempt, r.crashes, r.losses, r.lease_no, t.name AS tenant, l.name AS queue,
       k.name AS task
FROM (SELECT * FROM taskflow.running r WHERE r.worker_id = $1::uuid ORDER BY r.job_id LIMIT $2::integer) r
CROSS JOIN LATERAL (
  SELECT j.max_attempts, j.tenant_id, j.task_id FROM taskflow.job j WHERE j.id = r.job_id OFFSET 0) j
JOIN taskflow.tenant t ON t.id = j.tenant_id
JOIN taskflow.task k ON k.id = j.task_id
CROSS JOIN LATERAL (
  SELECT q.name FROM taskflow.lane l JOIN taskflow.queue q ON q.id = l.queue_id WHERE l.id = r.lane_id OFFSET 0) l
ORDER BY r.job_id
