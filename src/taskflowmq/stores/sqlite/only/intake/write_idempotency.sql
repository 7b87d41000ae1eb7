-- Stores the request of an Idempotency-Key; a key that is older than a day is taken over.
INSERT INTO taskflow_idempotency (tenant_id, key, fingerprint, job_ids, created_at)
VALUES (:tenant_id, :key, :fingerprint, :job_ids, :now)
ON CONFLICT (tenant_id, key) DO UPDATE
SET fingerprint = excluded.fingerprint, job_ids = excluded.job_ids, created_at = excluded.created_at
