-- Reads the tenants and names of queues by id; an id of no queue may be beyond the range of integer.
SELECT q.id, t.name AS tenant, q.name FROM taskflow.queue q JOIN taskflow.tenant t ON t.id = q.tenant_id
WHERE q.id = ANY($1::bigint[])
