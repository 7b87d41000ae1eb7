-- Deletes Idempotency-Keys that are older than a day.
DELETE FROM taskflow_idempotency
WHERE (tenant_id, key) IN
  (SELECT tenant_id, key FROM taskflow_idempotency WHERE created_at <= :since ORDER BY created_at LIMIT :limit)
