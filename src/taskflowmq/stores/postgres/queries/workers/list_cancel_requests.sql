-- Lists the running jobs of a worker for which a cancellation was asked, whichever attempt was asked.
SELECT c.job_id FROM taskflow.cancel_request c
CROSS JOIN LATERAL (SELECT r.worker_id FROM taskflow.running r WHERE r.job_id = c.job_id OFFSET 0) r
WHERE r.worker_id = $1::uuid
ORDER BY c.job_id
