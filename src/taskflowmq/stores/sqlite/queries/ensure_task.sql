-- The id of a task, created if it is new: jobs may name tasks that no program has announced yet.
INSERT INTO taskflow_task (name, seen_at) VALUES (:name, :now)
ON CONFLICT (name) DO UPDATE SET name = excluded.name
RETURNING id
