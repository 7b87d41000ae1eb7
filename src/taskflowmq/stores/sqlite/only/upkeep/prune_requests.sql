-- Deletes requests to cancel jobs that no longer run.
DELETE FROM taskflow_cancel_request
WHERE NOT EXISTS (SELECT 1 FROM taskflow_running AS r WHERE r.job_id = taskflow_cancel_request.job_id)
