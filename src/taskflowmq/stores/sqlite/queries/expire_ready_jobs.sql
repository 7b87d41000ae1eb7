-- The outcomes of ready jobs whose expires_at has passed.
INSERT INTO taskflow_outcome (job_id, state, reason, finished_at, round, attempt, crashes, losses, lease_no)
SELECT y.job_id, 'cancelled', 'expired', :now, y.round, y.attempt, y.crashes, y.losses, y.lease_no
FROM json_each(:rows) AS x
CROSS JOIN taskflow_ready AS y ON y.job_id = substr(:ids, 16 * x.key + 1, 16)
