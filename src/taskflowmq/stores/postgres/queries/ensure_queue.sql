-- Makes queues that do not exist yet.
INSERT INTO taskflow.queue (name)
SELECT x.name FROM unnest($1::text[]) AS x (name)
WHERE NOT EXISTS (SELECT FROM taskflow.queue q WHERE q.name = x.name)
ON CONFLICT (name) DO NOTHING
