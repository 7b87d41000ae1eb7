-- The outcome of a waiting job that is cancelled.
INSERT INTO taskflow_outcome (job_id, state, reason, finished_at, round, attempt, crashes, losses, lease_no)
SELECT job_id, 'cancelled', :reason, :now, round, attempt, crashes, losses, lease_no
FROM taskflow_waiting WHERE job_id = :job_id
