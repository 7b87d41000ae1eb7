-- Makes lanes that do not exist yet, unless there would be more than a limit then.
-- Returns the id of the lane, also of one that exists. Lanes of queues that do not count (ensure_queue) do not count either.
INSERT INTO taskflow_lane (queue_id, priority, share)
SELECT :queue_id, :priority, :share
WHERE EXISTS (SELECT 1 FROM taskflow_lane WHERE queue_id = :queue_id AND priority = :priority AND share = :share)
   OR :most > (SELECT count(*) FROM taskflow_queue AS q JOIN taskflow_lane AS l ON l.queue_id = q.id
               WHERE q.tenant_id = :tenant_id
               AND (q.used_at IS NULL OR q.used_at >= :since OR q.paused_at IS NOT NULL
                    OR coalesce(json_extract(q.settings, '$.retention'), '{}') <> '{}'))
ON CONFLICT (queue_id, priority, share) DO UPDATE SET priority = excluded.priority
RETURNING id
