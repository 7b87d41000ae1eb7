-- Makes queues that do not exist yet, unless more than a limit would be in use then.
-- Returns the id of the queue, in use from now on, also of one that exists. What was not used since :since does not count,
-- unless it is paused or has a retention of its own.
INSERT INTO taskflow_queue (name, used_at)
SELECT :name, :now
WHERE EXISTS (SELECT 1 FROM taskflow_queue WHERE name = :name)
   OR :most > (SELECT count(*) FROM taskflow_queue AS q
               WHERE q.used_at IS NULL OR q.used_at >= :since OR q.paused_at IS NOT NULL
               OR coalesce(json_extract(q.settings, '$.retention'), '{}') <> '{}')
ON CONFLICT (name) DO UPDATE SET used_at = excluded.used_at
RETURNING id
