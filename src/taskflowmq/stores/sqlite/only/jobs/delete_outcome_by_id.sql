-- Deletes the outcome of a job: a new round begins, or the job is deleted.
DELETE FROM taskflow_outcome WHERE job_id = :job_id
