-- Lists every task by name.
SELECT name, convert_to(args_schema::text, 'UTF8') AS args_schema, convert_to(options::text, 'UTF8') AS options, seen_at
FROM taskflow.task ORDER BY name
