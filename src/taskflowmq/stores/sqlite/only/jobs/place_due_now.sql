-- Makes jobs ready that are due later, in their order.
-- include: arrive
SELECT j.lane_id, :first + x.key, j.id, j.task_id, :now, j.expires_at, w.round, w.attempt, w.crashes, w.losses, w.lease_no, w.flags
FROM json_each(:rows) AS x
CROSS JOIN taskflow_waiting AS w ON w.job_id = substr(:ids, 16 * x.key + 1, 16) AND w.why IN ('scheduled', 'retrying')
CROSS JOIN taskflow_job AS j ON j.id = w.job_id
