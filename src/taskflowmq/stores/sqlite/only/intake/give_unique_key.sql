-- Gives a unique key to the job that replaces its holder.
INSERT INTO taskflow_unique_lock (tenant_id, key, job_id, free_at, until)
VALUES (:tenant_id, :key, :job_id, :free_at, :until)
ON CONFLICT (tenant_id, key) DO UPDATE
SET job_id = excluded.job_id, free_at = excluded.free_at, until = excluded.until
