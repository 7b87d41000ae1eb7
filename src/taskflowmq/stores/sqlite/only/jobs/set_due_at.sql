-- Makes scheduled and retrying jobs wait until another time.
UPDATE taskflow_waiting SET due_at = :due
WHERE job_id IN (SELECT substr(:ids, 16 * key + 1, 16) FROM json_each(:rows)) AND why IN ('scheduled', 'retrying')
