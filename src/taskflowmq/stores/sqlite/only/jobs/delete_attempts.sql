-- Deletes the attempts of a job that is deleted.
DELETE FROM taskflow_attempt WHERE job_id = :job_id
