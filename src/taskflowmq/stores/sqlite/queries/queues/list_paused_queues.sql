-- Lists the queues that are paused now, of every tenant, since when, by whom and why.
SELECT t.name, q.name, q.paused_at, json_extract(q.settings, '$.pause')
FROM taskflow_queue AS q
JOIN taskflow_tenant AS t ON t.id = q.tenant_id
WHERE q.paused_at IS NOT NULL
ORDER BY t.name, q.name
