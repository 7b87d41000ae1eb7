-- Appends the figures of one process to a minute; those of queues and tasks that the store does not have are left out.
INSERT INTO taskflow.stat (minute, writer, queue_id, task_id, counts)
SELECT date_trunc('minute', n.now - $2::bigint * interval '1 millisecond', 'UTC'), $3::uuid, q.id, k.id, x.counts::json
FROM (SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) AS now) n
CROSS JOIN unnest($4::text[], $5::text[], $6::text[], $7::text[]) AS x (tenant, queue, task, counts)
JOIN taskflow.tenant t ON t.name = x.tenant
JOIN taskflow.queue q ON q.tenant_id = t.id AND q.name = x.queue
JOIN taskflow.task k ON k.tenant_id = t.id AND k.name = x.task
