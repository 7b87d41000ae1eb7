-- Ends a bulk operation that has not ended.
UPDATE taskflow.bulk
SET state = $3::text, finished_at = (SELECT coalesce($1::timestamptz, clock_timestamp())), problem = $4::text
WHERE id = $2::uuid AND state IN ('waiting', 'running')
