-- Deletes what jobs that are deleted have logged.
DELETE FROM taskflow_job_log WHERE job_id IN (SELECT substr(:ids, 16 * key + 1, 16) FROM json_each(:rows))
