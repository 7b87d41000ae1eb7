-- A program knows these tasks, with these argument schemas, now.
INSERT INTO taskflow_task (name, args_schema, seen_at)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), :now FROM json_each(:rows)
WHERE true
ON CONFLICT (name) DO UPDATE SET args_schema = excluded.args_schema, seen_at = max(taskflow_task.seen_at, excluded.seen_at)
