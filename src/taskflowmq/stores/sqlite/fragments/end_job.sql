-- Writes the outcomes of the jobs that the SELECT below it returns. Whatever else must happen when a job ends is done by
-- statements of their own: end_jobs in job_steps.py runs all of them.
-- begin
INSERT INTO taskflow_outcome (job_id, state, reason, worker_id, started_at, finished_at, round, attempt, crashes, losses,
                              lease_no, result, result_error, error, progress, fingerprint)
-- end
SELECT job_id, 'completed', NULL, worker_id, started_at, started_at, round, attempt, crashes, losses, lease_no, NULL, NULL, NULL,
       progress, NULL
FROM taskflow_running
