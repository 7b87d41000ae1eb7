-- The id of a tenant, and whether it is the only one of the store.
SELECT id, NOT EXISTS (SELECT 1 FROM taskflow_tenant WHERE name <> :name) FROM taskflow_tenant WHERE name = :name
