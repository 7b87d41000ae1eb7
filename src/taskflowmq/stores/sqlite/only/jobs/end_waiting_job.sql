-- Writes the outcome of a waiting job that is cancelled.
-- include: cancel_from
FROM taskflow_waiting WHERE job_id = :job_id
