-- Writes one transition in the caller's transaction (parameters as psycopg takes them).
SELECT taskflow.settle_v1(%s::text::json, %s::timestamptz)
