-- Deletes the outcomes of jobs that are past retention.
DELETE FROM taskflow_outcome
WHERE job_id IN (SELECT substr(:ids, 16 * key + 1, 16) FROM json_each(:rows)) AND state = :state AND finished_at <= :until
