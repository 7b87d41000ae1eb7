-- Every task that was ever announced or enqueued.
SELECT name, args_schema, options, seen_at FROM taskflow_task WHERE tenant_id = :tenant_id ORDER BY name
