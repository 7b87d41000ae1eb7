-- Stores jobs with unique keys, or under an Idempotency-Key, in one transaction (see functions/enqueue_once.sql).
SELECT id, created, replayed FROM taskflow.enqueue_once($1::text::json, $2::text, $3::text, $4::text, $5::timestamptz)
