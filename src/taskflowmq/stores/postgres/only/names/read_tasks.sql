-- Reads the ids of tasks by name.
SELECT id, name FROM taskflow.task WHERE name = ANY($1::text[])
