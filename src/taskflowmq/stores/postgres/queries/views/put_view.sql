-- Puts a view back with another content, unless its name is taken; returns its id if it did.
INSERT INTO taskflow.saved_view (id, tenant, scope, name, owner, content, created_at, changed_at)
VALUES ($2::uuid, $3::text, $4::text, $5::text, $6::text, $7::text::json, $8::timestamptz,
        (SELECT coalesce($1::timestamptz, clock_timestamp())))
ON CONFLICT DO NOTHING
RETURNING id
