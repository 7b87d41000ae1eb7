-- Makes tenants that do not exist yet.
-- Returns the id of the tenant, also of one that exists.
INSERT INTO taskflow_tenant (name) VALUES (:name)
ON CONFLICT (name) DO UPDATE SET name = excluded.name
RETURNING id
