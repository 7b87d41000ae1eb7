-- Requests to cancel end with the run that they were for.
DELETE FROM taskflow_cancel_request
WHERE job_id IN (SELECT x.job_id FROM (SELECT substr(:ids, 16 * key + 1, 16) AS job_id FROM json_each(:rows)) AS x
                 WHERE NOT EXISTS (SELECT 1 FROM taskflow_running AS r WHERE r.job_id = x.job_id))
