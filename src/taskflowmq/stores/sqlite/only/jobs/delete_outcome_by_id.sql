-- An ended job has no outcome any more: a new round begins, or it is deleted.
DELETE FROM taskflow_outcome WHERE job_id = :job_id
