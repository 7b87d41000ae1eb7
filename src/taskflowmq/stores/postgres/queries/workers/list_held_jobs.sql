-- Lists the running jobs of a worker with their counters, in id order.
SELECT r.job_id, j.max_attempts, r.round, r.attempt, r.crashes, r.losses, r.lease_no
FROM (SELECT * FROM taskflow.running r WHERE r.worker_id = $1::uuid ORDER BY r.job_id LIMIT $2::integer) r
CROSS JOIN LATERAL (SELECT j.max_attempts FROM taskflow.job j WHERE j.id = r.job_id OFFSET 0) j
ORDER BY r.job_id
