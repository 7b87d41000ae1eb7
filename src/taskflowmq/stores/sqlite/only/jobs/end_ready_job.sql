-- Writes the outcome of a ready job that is cancelled.
-- include: cancel_from
FROM taskflow_ready WHERE job_id = :job_id
