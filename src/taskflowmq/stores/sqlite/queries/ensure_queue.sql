-- The id of a queue, created if it is new and there are fewer than :most.
INSERT INTO taskflow_queue (name)
SELECT :name
WHERE EXISTS (SELECT 1 FROM taskflow_queue WHERE name = :name) OR (SELECT count(*) FROM taskflow_queue) < :most
ON CONFLICT (name) DO UPDATE SET name = excluded.name
RETURNING id
