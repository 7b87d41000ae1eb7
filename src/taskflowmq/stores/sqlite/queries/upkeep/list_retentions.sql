-- The lanes of queues that have a retention of their own, and the retention.
SELECT l.id, json_extract(q.settings, '$.retention')
FROM taskflow_queue AS q JOIN taskflow_lane AS l ON l.queue_id = q.id
WHERE q.settings <> '{}' AND json_extract(q.settings, '$.retention') IS NOT NULL
