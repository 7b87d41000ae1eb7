-- Lists the days that have a partition of jobs, and whether they end before the retention, oldest first. Ids may be a
-- day off.
SELECT d.day, (d.day + 2)::timestamp AT TIME ZONE 'UTC'
       <= (SELECT coalesce($1::timestamptz, clock_timestamp())) - $2::bigint * interval '1 millisecond' AS past
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT to_date(split_part(c.relname, '_', 2), 'YYYYMMDD') AS day) d
WHERE n.nspname = 'taskflow' AND c.relkind = 'r' AND c.relname ~ '^job_[0-9]{8}$'
ORDER BY d.day
