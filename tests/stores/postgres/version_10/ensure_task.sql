-- Makes tasks that do not exist yet: jobs may name tasks that no program has announced.
INSERT INTO taskflow.task (name, seen_at)
SELECT x.name, (SELECT coalesce($1::timestamptz, clock_timestamp())) FROM unnest($2::text[]) AS x (name)
WHERE NOT EXISTS (SELECT FROM taskflow.task t WHERE t.name = x.name)
ON CONFLICT (name) DO NOTHING
