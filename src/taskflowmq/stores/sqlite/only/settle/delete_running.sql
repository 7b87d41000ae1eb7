-- Deletes settled jobs from running. Their fences were checked in this transaction.
DELETE FROM taskflow_running WHERE job_id IN (SELECT substr(:ids, 16 * key + 1, 16) FROM json_each(:rows))
