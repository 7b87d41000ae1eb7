-- A job waits no more.
DELETE FROM taskflow_waiting WHERE job_id = :job_id
