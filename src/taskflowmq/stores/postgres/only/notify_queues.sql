-- Tells listeners that these queues have ready jobs: by number, because every role that may connect can listen.
SELECT pg_notify('taskflow_ready', '#' || q.id) FROM taskflow.queue q WHERE q.name = ANY($1::text[])
