-- Makes tasks that do not exist yet: jobs may name tasks that no program has announced.
-- Returns the id of the task, also of one that exists.
INSERT INTO taskflow_task (name, seen_at) VALUES (:name, :now)
ON CONFLICT (name) DO UPDATE SET name = excluded.name
RETURNING id
