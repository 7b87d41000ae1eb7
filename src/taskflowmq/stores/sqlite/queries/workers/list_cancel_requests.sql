-- Running jobs of a worker that have a cancel request.
SELECT c.job_id
FROM taskflow_cancel_request AS c
JOIN taskflow_running AS r ON r.job_id = c.job_id AND r.worker_id = c.worker_id
WHERE c.worker_id = :worker_id
ORDER BY c.job_id
