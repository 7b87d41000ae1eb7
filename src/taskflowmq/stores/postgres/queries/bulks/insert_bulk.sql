-- Stores a bulk operation, unless its id is stored already, or its Idempotency-Key with another one.
INSERT INTO taskflow.bulk (id, tenant_id, action, filter, reason, actor, rate, key, fingerprint, state, created_at, undo_until,
                           params)
SELECT $2::uuid, $3::integer, $4::text, $5::text, $6::text, $7::text, $8::integer, $9::text, $10::text, 'waiting', n.now,
       CASE WHEN $11::bigint > 0 THEN n.now + $11::bigint * interval '1 millisecond' END, $12::text::json
FROM (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
ON CONFLICT DO NOTHING
