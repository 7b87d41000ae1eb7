-- Ids and names of the tenants.
SELECT id, name FROM taskflow_tenant
