-- Reads the names of tenants and tasks by id.
SELECT 'tenant' AS kind, id, name FROM taskflow.tenant WHERE id = ANY($1::integer[])
UNION ALL
SELECT 'task', id, name FROM taskflow.task WHERE id = ANY($2::integer[])
