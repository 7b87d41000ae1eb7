-- The id of a tenant, created if it is new.
INSERT INTO taskflow_tenant (name) VALUES (:name)
ON CONFLICT (name) DO UPDATE SET name = excluded.name
RETURNING id
