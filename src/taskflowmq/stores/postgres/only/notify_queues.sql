-- Tells listeners that these queues have ready jobs.
SELECT pg_notify('taskflow_ready', name) FROM unnest($1::text[]) AS q (name)
