-- Stores jobs in the caller's transaction (parameters as psycopg takes them).
SELECT id, created, replayed FROM taskflow.enqueue_v1(%s::text::jsonb, %s::boolean, %s::timestamptz)
