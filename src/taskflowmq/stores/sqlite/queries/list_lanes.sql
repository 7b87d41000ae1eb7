-- Lanes that hold ready jobs and may be claimed from, most urgent first.
SELECT l.id, q.name, l.priority
FROM taskflow_lane AS l
JOIN taskflow_queue AS q ON q.id = l.queue_id
WHERE q.paused_at IS NULL AND EXISTS (SELECT 1 FROM taskflow_ready AS r WHERE r.lane_id = l.id)
ORDER BY l.priority, l.id
