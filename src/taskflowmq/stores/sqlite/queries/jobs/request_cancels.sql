-- Requests from the workers of running jobs to stop them; the actor and the time of the first request stay.
INSERT INTO taskflow_cancel_request (job_id, worker_id, at, actor)
SELECT r.job_id, r.worker_id, :now, :actor
FROM json_each(:rows) AS x
CROSS JOIN taskflow_running AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
WHERE true
ON CONFLICT (job_id) DO UPDATE SET worker_id = excluded.worker_id
