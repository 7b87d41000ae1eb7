-- Requests from the worker of a running job to stop it; the actor and the time of the first request stay.
INSERT INTO taskflow_cancel_request (job_id, worker_id, at, actor)
SELECT job_id, worker_id, :now, :actor FROM taskflow_running WHERE job_id = :job_id
ON CONFLICT (job_id) DO UPDATE SET worker_id = excluded.worker_id
