-- Finds the bulk operation of an id or of an Idempotency-Key, and the fingerprint of its request.
SELECT b.id, b.fingerprint FROM taskflow.bulk b
WHERE b.id = $1::uuid OR (b.tenant_id = $2::integer AND b.key = $3::text)
ORDER BY b.id = $1::uuid LIMIT 1
