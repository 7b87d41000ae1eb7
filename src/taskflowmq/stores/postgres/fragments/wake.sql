-- Tells listeners that queues have ready jobs: by number, because every role that may connect can listen.
SELECT
-- begin
pg_notify('taskflow_ready', '#' || q.id) FROM taskflow.queue q
-- end
