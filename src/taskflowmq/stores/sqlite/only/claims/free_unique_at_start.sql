-- Frees the keys of jobs that start now.
DELETE FROM taskflow_unique_lock
WHERE job_id IN (SELECT substr(:ids, 16 * key + 1, 16) FROM json_each(:rows)) AND free_at = 'start'
