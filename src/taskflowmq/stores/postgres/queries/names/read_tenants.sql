-- Reads the ids of tenants by name.
SELECT id, name FROM taskflow.tenant WHERE name = ANY($1::text[])
