-- Stores jobs in the caller's transaction (parameters as asyncpg takes them).
SELECT id, created, replayed FROM taskflow.enqueue_v1($1::text::json, $2::boolean, $3::timestamptz)
