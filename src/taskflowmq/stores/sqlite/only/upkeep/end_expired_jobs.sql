-- Writes the outcomes of ready jobs whose expires_at has passed.
-- include: end_job
SELECT y.job_id, 'cancelled', 'expired', NULL, NULL, :now, y.round, y.attempt, y.crashes, y.losses, y.lease_no, NULL, NULL,
       NULL, NULL
FROM json_each(:rows) AS x
CROSS JOIN taskflow_ready AS y ON y.job_id = substr(:ids, 16 * x.key + 1, 16)
