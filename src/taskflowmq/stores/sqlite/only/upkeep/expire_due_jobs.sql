-- Writes the outcomes of waiting jobs that are due too late.
-- include: end_job
SELECT w.job_id, 'cancelled', 'expired', NULL, NULL, :now, w.round, w.attempt, w.crashes, w.losses, w.lease_no, NULL, NULL,
       NULL, NULL
FROM json_each(:rows) AS x
CROSS JOIN taskflow_waiting AS w ON w.job_id = substr(:ids, 16 * x.key + 1, 16)
CROSS JOIN taskflow_job AS j ON j.id = w.job_id
WHERE j.expires_at <= :now
