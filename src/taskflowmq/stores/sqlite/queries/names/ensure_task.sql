-- Makes tasks that do not exist yet: jobs may name tasks that no program has announced.
-- Returns the id of the task, also of one that exists.
INSERT INTO taskflow_task (tenant_id, name, seen_at) VALUES (:tenant_id, :name, :now)
ON CONFLICT (tenant_id, name) DO UPDATE SET name = excluded.name
RETURNING id
