-- Makes waiting jobs ready that are due and not expired, each at a new position.
-- include: arrive
SELECT j.lane_id, :first + x.key, j.id, j.task_id, :now, j.expires_at, w.round, w.attempt, w.crashes, w.losses,
       w.lease_no, w.flags
FROM json_each(:rows) AS x
CROSS JOIN taskflow_waiting AS w ON w.job_id = substr(:ids, 16 * x.key + 1, 16)
CROSS JOIN taskflow_job AS j ON j.id = w.job_id
WHERE j.expires_at IS NULL OR j.expires_at > :now
