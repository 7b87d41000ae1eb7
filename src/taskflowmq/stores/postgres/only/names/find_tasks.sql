-- Finds the ids of tasks by name in several tenants; none given ($1): in every tenant.
SELECT id FROM taskflow.task
WHERE name = ANY($2::text[]) AND (cardinality($1::integer[]) = 0 OR tenant_id = ANY($1::integer[]))
