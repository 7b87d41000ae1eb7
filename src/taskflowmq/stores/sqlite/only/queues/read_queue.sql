-- Reads what operators change of a queue, before they do.
SELECT q.paused_at, json_extract(q.settings, '$.pause'), json_extract(q.settings, '$.retention')
FROM taskflow_queue AS q
WHERE q.tenant_id = :tenant_id AND q.name = :name
