-- Deletes the attempts of jobs that are deleted.
DELETE FROM taskflow_attempt WHERE job_id IN (SELECT substr(:ids, 16 * key + 1, 16) FROM json_each(:rows))
