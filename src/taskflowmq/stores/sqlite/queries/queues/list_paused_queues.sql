-- Names of the queues that are paused now.
SELECT q.name FROM taskflow_queue AS q
WHERE q.paused_at IS NOT NULL
ORDER BY q.name
