-- Writes the outcomes of jobs that completed under the same fence number, with their results.
-- Jobs whose fence is gone are left out, which the number of rows shows.
-- include: end_job
SELECT r.job_id, 'completed', NULL, r.worker_id, r.started_at, :now, r.round, r.attempt, r.crashes, r.losses, r.lease_no,
       x.value, NULL, NULL, r.progress, NULL
FROM json_each(:results) AS x
CROSS JOIN taskflow_running AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
WHERE r.lease_no = :lease_no
