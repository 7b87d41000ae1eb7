-- Keeps a view, unless its id or its name is taken, or there are too many in its scope; returns its id if it did.
INSERT INTO taskflow.saved_view (id, tenant, scope, name, owner, content, created_at, changed_at)
SELECT $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::text::json, n.now, n.now
FROM (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
WHERE (SELECT count(*) FROM taskflow.saved_view v WHERE v.tenant = $3::text AND v.scope = $4::text) < $8::integer
ON CONFLICT DO NOTHING
RETURNING id
