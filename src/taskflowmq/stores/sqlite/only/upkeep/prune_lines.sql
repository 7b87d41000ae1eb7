-- Deletes what jobs have logged whose row is gone.
DELETE FROM taskflow_job_log
WHERE job_id IN (SELECT x.id FROM (SELECT substr(:ids, 16 * key + 1, 16) AS id FROM json_each(:rows)) AS x
                 WHERE NOT EXISTS (SELECT 1 FROM taskflow_job AS j WHERE j.id = x.id))
