-- Writes one transition in the caller's transaction (parameters as asyncpg takes them).
SELECT taskflow.settle_v1($1::text::json, $2::timestamptz)
