-- The highest id of a task, of whichever tenant: 0 if there is none.
SELECT coalesce(max(id), 0) FROM taskflow_task
