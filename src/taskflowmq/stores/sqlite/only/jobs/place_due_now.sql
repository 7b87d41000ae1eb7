-- Makes a job ready that is due later.
-- include: arrive
SELECT j.lane_id, :first, j.id, j.task_id, :now, j.expires_at, w.round, w.attempt, w.crashes, w.losses, w.lease_no, w.flags
FROM taskflow_waiting AS w
JOIN taskflow_job AS j ON j.id = w.job_id
WHERE w.job_id = :job_id AND w.why IN ('scheduled', 'retrying')
