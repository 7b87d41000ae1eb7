-- Writes one transition in the caller's transaction, if it is one of this store (parameters as asyncpg takes them).
SELECT taskflow.settle_v1($1::text::json, $2::timestamptz)
FROM taskflow.store AS s
WHERE s.identity = coalesce($3::text::uuid, s.identity)
