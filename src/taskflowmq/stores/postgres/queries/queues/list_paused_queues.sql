-- Lists the names of the queues that are paused now.
SELECT q.name FROM taskflow.queue q
WHERE q.paused_at IS NOT NULL
ORDER BY q.name
