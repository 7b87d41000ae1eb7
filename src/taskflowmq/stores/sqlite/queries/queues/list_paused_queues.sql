-- Lists the queues that are paused now, of every tenant.
SELECT t.name, q.name
FROM taskflow_queue AS q
JOIN taskflow_tenant AS t ON t.id = q.tenant_id
WHERE q.paused_at IS NOT NULL
ORDER BY t.name, q.name
