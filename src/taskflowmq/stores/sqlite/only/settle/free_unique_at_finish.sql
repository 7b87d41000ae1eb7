-- Free the keys of jobs that end now; a key with a time of its own stays.
DELETE FROM taskflow_unique_lock
WHERE free_at <> 'time'
  AND job_id IN (SELECT r.job_id
                 FROM json_each(:rows) AS x
                 CROSS JOIN taskflow_running AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
                 WHERE r.flags & 3)
