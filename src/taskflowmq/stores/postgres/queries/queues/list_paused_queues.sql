-- Lists the queues that are paused now, of every tenant, since when, by whom and why.
SELECT t.name AS tenant, q.name, q.paused_at, (q.settings -> 'pause')::text AS pause
FROM taskflow.queue q JOIN taskflow.tenant t ON t.id = q.tenant_id
WHERE q.paused_at IS NOT NULL
ORDER BY t.name, q.name
