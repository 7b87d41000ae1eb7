-- Stores what programs announce of their tasks, and that they were seen now.
-- Nothing is written if nothing is new: every process announces the same task. For an hour after the last announcement,
-- those of programs that only enqueue ($5) are ignored.
INSERT INTO taskflow.task AS t (tenant_id, name, args_schema, options, seen_at)
SELECT $6::integer, x.name, convert_from(x.args_schema, 'UTF8')::json, convert_from(x.options, 'UTF8')::json,
       (SELECT coalesce($1::timestamptz, clock_timestamp()))
FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS x (name, args_schema, options)
ON CONFLICT (tenant_id, name) DO UPDATE
SET args_schema = excluded.args_schema, options = coalesce(excluded.options, t.options), seen_at = greatest(t.seen_at, excluded.seen_at)
WHERE (NOT $5::boolean OR t.args_schema IS NULL OR t.seen_at <= excluded.seen_at - interval '1 hour')
  AND (t.args_schema::text IS DISTINCT FROM excluded.args_schema::text
       OR t.options::text IS DISTINCT FROM coalesce(excluded.options, t.options)::text
       OR t.seen_at <= excluded.seen_at - interval '1 minute')
