-- Stores jobs in the caller's transaction, if it is one of this store (parameters as psycopg takes them).
-- The function must depend on the store's row, or it could run before the row was found to be the right one.
SELECT e.id, e.created, e.replayed
FROM taskflow.store AS s
CROSS JOIN LATERAL taskflow.enqueue_v1(%s::text::json, %s::boolean AND s.id = 1, %s::timestamptz) AS e
WHERE s.identity = coalesce(%s::text::uuid, s.identity)
