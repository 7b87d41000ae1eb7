-- Lists every lane with its queue and whether that is paused.
SELECT l.id, l.priority, l.share, q.tenant_id, q.id AS queue_id, q.name AS queue, q.paused_at IS NOT NULL AS paused
FROM taskflow.lane l JOIN taskflow.queue q ON q.id = l.queue_id
