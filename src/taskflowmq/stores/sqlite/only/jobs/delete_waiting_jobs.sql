-- Deletes jobs that become ready or end from waiting.
DELETE FROM taskflow_waiting WHERE job_id IN (SELECT substr(:ids, 16 * key + 1, 16) FROM json_each(:rows))
