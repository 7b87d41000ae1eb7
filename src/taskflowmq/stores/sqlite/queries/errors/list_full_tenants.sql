-- Lists the tenants that have more than some number of groups of errors. It reads that many entries of an index per tenant, and one.
SELECT t.id, t.name FROM taskflow_tenant AS t
WHERE (SELECT 1 FROM taskflow_error_group AS g WHERE g.tenant_id = t.id LIMIT 1 OFFSET :most) IS NOT NULL
ORDER BY t.id
