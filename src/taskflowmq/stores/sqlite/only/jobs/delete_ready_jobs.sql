-- Deletes jobs that end from ready.
DELETE FROM taskflow_ready WHERE job_id IN (SELECT substr(:ids, 16 * key + 1, 16) FROM json_each(:rows))
