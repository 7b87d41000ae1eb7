-- The id of a queue, created if it is new.
INSERT INTO taskflow_queue (name) VALUES (:name)
ON CONFLICT (name) DO UPDATE SET name = excluded.name
RETURNING id
