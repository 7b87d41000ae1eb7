-- Reads the queues that jobs belong to, for the wake-up after they were handed back.
SELECT DISTINCT t.name AS tenant, u.name
FROM unnest($1::uuid[]) AS x (id)
CROSS JOIN LATERAL (SELECT j.lane_id FROM taskflow.job j WHERE j.id = x.id OFFSET 0) j
JOIN taskflow.lane l ON l.id = j.lane_id
JOIN taskflow.queue u ON u.id = l.queue_id
JOIN taskflow.tenant t ON t.id = u.tenant_id
