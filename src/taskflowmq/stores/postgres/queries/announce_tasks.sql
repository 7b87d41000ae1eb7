-- Stores the names and argument schemas of tasks, and that they were seen now.
INSERT INTO taskflow.task (name, args_schema, seen_at)
SELECT x.name, convert_from(x.args_schema, 'UTF8')::json, (SELECT coalesce($1::timestamptz, clock_timestamp()))
FROM unnest($2::text[], $3::bytea[]) AS x (name, args_schema)
ON CONFLICT (name) DO UPDATE SET args_schema = excluded.args_schema, seen_at = excluded.seen_at
