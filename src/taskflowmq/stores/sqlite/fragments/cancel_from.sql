-- Writes the outcomes of jobs that nobody ran and that are cancelled; the table that they are in follows.
-- begin
-- include: end_job
SELECT job_id, 'cancelled', :reason, NULL, NULL, :now, round, attempt, crashes, losses, lease_no, NULL, NULL, NULL, NULL
-- end
FROM taskflow_waiting
