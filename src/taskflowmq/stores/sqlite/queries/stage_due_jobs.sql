-- Waiting jobs that are due and not expired become ready, each at a new position.
INSERT INTO taskflow_ready (lane_id, seq, job_id, task_id, ready_at, expires_at, round, attempt, crashes, losses,
                            lease_no, flags)
SELECT j.lane_id, :first + x.key, j.id, j.task_id, :now, j.expires_at, w.round, w.attempt, w.crashes, w.losses,
       w.lease_no, w.flags
FROM json_each(:rows) AS x
CROSS JOIN taskflow_waiting AS w ON w.job_id = substr(:ids, 16 * x.key + 1, 16)
CROSS JOIN taskflow_job AS j ON j.id = w.job_id
WHERE j.expires_at IS NULL OR j.expires_at > :now
