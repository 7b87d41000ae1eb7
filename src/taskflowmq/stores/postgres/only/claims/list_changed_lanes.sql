-- Lists the lanes above one, and those of queues that are paused: what may have changed among many known lanes. The ids
-- of lanes do not commit in order; an unknown lane in which a job is ready is queried by itself.
SELECT l.id, l.priority, l.share, q.tenant_id, q.id AS queue_id, q.name AS queue, q.paused_at IS NOT NULL AS paused
FROM taskflow.lane l JOIN taskflow.queue q ON q.id = l.queue_id
WHERE l.id > $1::integer OR l.queue_id = ANY(ARRAY(SELECT p.id FROM taskflow.queue p WHERE p.paused_at IS NOT NULL))
