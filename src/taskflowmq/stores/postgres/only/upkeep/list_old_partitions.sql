-- Lists the partitions of days that ended two days ago or earlier: no id can be made for them any more.
SELECT split_part(c.relname, '_', 1) AS parent, to_date(split_part(c.relname, '_', 2), 'YYYYMMDD') AS day
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'taskflow' AND c.relkind = 'r' AND c.relname ~ '^(job|outcome)_[0-9]{8}$'
  AND to_date(split_part(c.relname, '_', 2), 'YYYYMMDD')
      < ((SELECT coalesce($1::timestamptz, clock_timestamp())) AT TIME ZONE 'UTC')::date - 2
ORDER BY c.relname
