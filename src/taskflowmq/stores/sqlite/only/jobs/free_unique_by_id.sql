-- Free the key of a job that ends; a key with a time of its own stays.
DELETE FROM taskflow_unique_lock WHERE job_id = :job_id AND free_at <> 'time'
