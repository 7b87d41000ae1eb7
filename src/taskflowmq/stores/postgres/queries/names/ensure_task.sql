-- Makes tasks that do not exist yet: jobs may name tasks that no program has announced.
INSERT INTO taskflow.task (tenant_id, name, seen_at)
SELECT $3::integer, x.name, (SELECT coalesce($1::timestamptz, clock_timestamp())) FROM unnest($2::text[]) AS x (name)
WHERE NOT EXISTS (SELECT FROM taskflow.task t WHERE t.tenant_id = $3::integer AND t.name = x.name)
ON CONFLICT (tenant_id, name) DO NOTHING
