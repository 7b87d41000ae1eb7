-- Lists every task of a tenant by name.
SELECT name, convert_to(args_schema::text, 'UTF8') AS args_schema, convert_to(options::text, 'UTF8') AS options, seen_at
FROM taskflow.task WHERE tenant_id = $1::integer ORDER BY name
