-- The outcomes of waiting jobs that are due too late.
INSERT INTO taskflow_outcome (job_id, state, reason, finished_at, round, attempt, crashes, losses, lease_no)
SELECT w.job_id, 'cancelled', 'expired', :now, w.round, w.attempt, w.crashes, w.losses, w.lease_no
FROM json_each(:rows) AS x
CROSS JOIN taskflow_waiting AS w ON w.job_id = substr(:ids, 16 * x.key + 1, 16)
CROSS JOIN taskflow_job AS j ON j.id = w.job_id
WHERE j.expires_at <= :now
