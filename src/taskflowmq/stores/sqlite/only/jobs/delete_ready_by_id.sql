-- A job is ready no more.
DELETE FROM taskflow_ready WHERE job_id = :job_id
