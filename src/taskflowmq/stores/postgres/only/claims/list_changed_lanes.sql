-- Lists the lanes above one, and those of queues that are paused: what is not known of many that are. The ids of lanes
-- do not commit in order; a lane in which a job is ready and that is not known is looked for by itself.
SELECT l.id, l.priority, l.share, q.tenant_id, q.id AS queue_id, q.name AS queue, q.paused_at IS NOT NULL AS paused
FROM taskflow.lane l JOIN taskflow.queue q ON q.id = l.queue_id
WHERE l.id > $1::integer OR l.queue_id = ANY(ARRAY(SELECT p.id FROM taskflow.queue p WHERE p.paused_at IS NOT NULL))
