-- Makes queues that do not exist yet, unless more than a limit would be in use then.
-- Returns the id of the queue, in use from now on, also of one that exists. A queue that was not used since :since does not
-- count, unless it is paused or has a retention of its own; nor does a queue of another tenant.
INSERT INTO taskflow_queue (tenant_id, name, used_at)
SELECT :tenant_id, :name, :now
WHERE EXISTS (SELECT 1 FROM taskflow_queue WHERE tenant_id = :tenant_id AND name = :name)
   OR :most > (SELECT count(*) FROM taskflow_queue AS q
               WHERE q.tenant_id = :tenant_id
               AND (q.used_at IS NULL OR q.used_at >= :since OR q.paused_at IS NOT NULL
                    OR coalesce(json_extract(q.settings, '$.retention'), '{}') <> '{}'))
ON CONFLICT (tenant_id, name) DO UPDATE SET used_at = excluded.used_at
RETURNING id
