-- Makes the jobs that the SELECT below it returns ready, each at the position that was drawn for it. Whatever else must
-- happen when a job becomes ready belongs in make_ready of job_steps.py, which runs the statement.
-- begin
INSERT INTO taskflow_ready (lane_id, seq, job_id, task_id, ready_at, expires_at, round, attempt, crashes, losses, lease_no,
                            flags)
-- end
SELECT r.lane_id, 0, r.job_id, j.task_id, r.started_at, j.expires_at, r.round, r.attempt, r.crashes, r.losses, r.lease_no, r.flags
FROM taskflow_running AS r JOIN taskflow_job AS j ON j.id = r.job_id
