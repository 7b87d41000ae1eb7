-- Finds the bulk operation of an id or of an Idempotency-Key, and the fingerprint of its request.
SELECT b.id, b.fingerprint FROM taskflow_bulk AS b
WHERE b.id = :id OR (b.tenant_id = :tenant_id AND b.key IS NOT NULL AND b.key = :key)
ORDER BY b.id = :id LIMIT 1
