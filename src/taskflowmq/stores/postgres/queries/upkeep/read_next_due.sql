-- Reads in how many milliseconds the next waiting job is due (0: one is due already).
SELECT greatest(0, ceil(extract(epoch FROM w.due_at - (SELECT coalesce($1::timestamptz, clock_timestamp()))) * 1000))::bigint AS due_ms
FROM taskflow.waiting w WHERE w.due_at IS NOT NULL ORDER BY w.due_at LIMIT 1
