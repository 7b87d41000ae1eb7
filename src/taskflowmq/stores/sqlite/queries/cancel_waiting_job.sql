-- The outcome of a waiting job that is cancelled.
-- include: end_job
SELECT job_id, 'cancelled', :reason, NULL, NULL, :now, round, attempt, crashes, losses, lease_no, NULL, NULL, NULL, NULL
FROM taskflow_waiting WHERE job_id = :job_id
