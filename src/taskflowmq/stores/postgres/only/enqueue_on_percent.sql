-- Stores jobs in the caller's transaction (parameters as psycopg takes them).
SELECT id, created, replayed FROM taskflow.enqueue_v1(%s::text::json, %s::boolean, %s::timestamptz)
