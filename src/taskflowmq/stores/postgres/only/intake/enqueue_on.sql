-- Stores jobs in the caller's transaction, if it is one of this store (parameters as asyncpg takes them).
-- The function must depend on the store's row, or it could run before the row was found to be the right one.
SELECT e.id, e.created, e.replayed
FROM taskflow.store AS s
CROSS JOIN LATERAL taskflow.enqueue_v1($1::text::json, $2::boolean AND s.id = 1, $3::timestamptz) AS e
WHERE s.identity = coalesce($4::text::uuid, s.identity)
