-- Lists the running jobs of a worker that have a cancel request, of whichever attempt.
SELECT c.job_id FROM taskflow.cancel_request c
CROSS JOIN LATERAL (SELECT r.worker_id FROM taskflow.running r WHERE r.job_id = c.job_id OFFSET 0) r
WHERE r.worker_id = $1::uuid
ORDER BY c.job_id
