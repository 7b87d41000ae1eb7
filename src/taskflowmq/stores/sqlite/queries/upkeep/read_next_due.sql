-- When the next waiting job is due.
SELECT min(due_at) FROM taskflow_waiting WHERE due_at IS NOT NULL
