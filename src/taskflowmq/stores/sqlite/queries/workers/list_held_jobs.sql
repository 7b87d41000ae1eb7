-- Running jobs of a worker, in id order, for a rescuer.
SELECT r.job_id, j.max_attempts, r.round, r.attempt, r.crashes, r.losses, r.lease_no, t.name, q.name, k.name
FROM taskflow_running AS r
JOIN taskflow_job AS j ON j.id = r.job_id
JOIN taskflow_tenant AS t ON t.id = j.tenant_id
JOIN taskflow_task AS k ON k.id = j.task_id
JOIN taskflow_lane AS l ON l.id = r.lane_id
JOIN taskflow_queue AS q ON q.id = l.queue_id
WHERE r.worker_id = :worker_id
ORDER BY r.job_id
LIMIT :limit
