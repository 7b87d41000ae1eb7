-- Lists the queues that are paused now, of every tenant.
SELECT t.name AS tenant, q.name FROM taskflow.queue q JOIN taskflow.tenant t ON t.id = q.tenant_id
WHERE q.paused_at IS NOT NULL
ORDER BY t.name, q.name
