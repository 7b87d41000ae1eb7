-- Deletes job rows that are in no place.
DELETE FROM taskflow_job
WHERE id IN (SELECT x.id FROM (SELECT substr(:ids, 16 * key + 1, 16) AS id FROM json_each(:rows)) AS x
             WHERE NOT EXISTS (SELECT 1 FROM taskflow_outcome AS o WHERE o.job_id = x.id)
               AND NOT EXISTS (SELECT 1 FROM taskflow_ready AS r WHERE r.job_id = x.id)
               AND NOT EXISTS (SELECT 1 FROM taskflow_waiting AS w WHERE w.job_id = x.id)
               AND NOT EXISTS (SELECT 1 FROM taskflow_running AS r WHERE r.job_id = x.id))
  AND deleted_at IS NULL
