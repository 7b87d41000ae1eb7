-- The first request that used an Idempotency-Key, if it is younger than a day.
SELECT fingerprint, job_ids FROM taskflow_idempotency
WHERE tenant_id = :tenant_id AND key = :key AND created_at > :since
