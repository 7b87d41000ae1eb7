-- Lists the tenants that have more than some number of groups of errors. It reads that many entries of an index per tenant, and one.
SELECT t.id, t.name FROM taskflow.tenant t
WHERE EXISTS (SELECT FROM taskflow.error_group g WHERE g.tenant_id = t.id OFFSET $1::integer LIMIT 1)
ORDER BY t.id
