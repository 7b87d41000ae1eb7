-- Takes free and expired unique keys; a key that a live job holds stays as it is.
INSERT INTO taskflow_unique_lock (tenant_id, key, job_id, free_at, until)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), substr(:ids, 16 * key + 1, 16),
       json_extract(value, '$[2]'), json_extract(value, '$[3]')
FROM json_each(:keys)
WHERE true
ON CONFLICT (tenant_id, key) DO UPDATE
SET job_id = excluded.job_id, free_at = excluded.free_at, until = excluded.until
WHERE taskflow_unique_lock.until <= :now
