-- Writes one transition in the caller's transaction, if it is one of this store (parameters as psycopg takes them).
SELECT taskflow.settle_v1(%s::text::json, %s::timestamptz)
FROM taskflow.store AS s
WHERE s.identity = coalesce(%s::text::uuid, s.identity)
