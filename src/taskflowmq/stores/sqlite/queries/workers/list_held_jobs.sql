-- Running jobs of a worker, in id order, for a rescuer.
SELECT r.job_id, j.max_attempts, r.round, r.attempt, r.crashes, r.losses, r.lease_no
FROM taskflow_running AS r
JOIN taskflow_job AS j ON j.id = r.job_id
WHERE r.worker_id = :worker_id
ORDER BY r.job_id
LIMIT :limit
