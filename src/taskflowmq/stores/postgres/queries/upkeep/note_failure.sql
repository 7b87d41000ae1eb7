-- Notes why the last turn of a duty failed.
INSERT INTO taskflow.duty (name, failed_at, problem)
SELECT $2::text, (SELECT coalesce($1::timestamptz, clock_timestamp())), $3::text
ON CONFLICT (name) DO UPDATE SET failed_at = excluded.failed_at, problem = excluded.problem
