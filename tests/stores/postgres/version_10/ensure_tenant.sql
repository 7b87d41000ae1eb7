-- Makes tenants that do not exist yet.
INSERT INTO taskflow.tenant (name)
SELECT x.name FROM unnest($1::text[]) AS x (name)
WHERE NOT EXISTS (SELECT FROM taskflow.tenant t WHERE t.name = x.name)
ON CONFLICT (name) DO NOTHING
