-- The attempts of a deleted job go with it.
DELETE FROM taskflow_attempt WHERE job_id = :job_id
