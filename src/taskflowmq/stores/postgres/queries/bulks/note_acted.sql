-- Notes that one more chunk of a bulk operation was acted on, what became of its jobs, and when the next may be.
UPDATE taskflow.bulk
SET state = 'running', started_at = coalesce(started_at, (SELECT coalesce($1::timestamptz, clock_timestamp()))), acted = acted + 1,
    counts = $3::text::json, next_at = $4::timestamptz
WHERE id = $2::uuid
