-- Reads the lanes of some queues, priorities and shares of a tenant.
SELECT l.id, l.priority, l.share, q.tenant_id, q.id AS queue_id, q.name AS queue, q.paused_at IS NOT NULL AS paused
FROM unnest($1::text[], $2::smallint[], $3::text[]) AS x (queue, priority, share)
JOIN taskflow.queue q ON q.tenant_id = $4::integer AND q.name = x.queue
JOIN taskflow.lane l ON l.queue_id = q.id AND l.priority = x.priority AND l.share = x.share
