-- Reads the ids of a tenant's tasks by name.
SELECT id, name FROM taskflow.task WHERE tenant_id = $2::integer AND name = ANY($1::text[])
