-- Tenants and queues of the lanes that jobs belong to, for the wake-up.
SELECT DISTINCT t.name, q.name
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
JOIN taskflow_lane AS l ON l.id = j.lane_id
JOIN taskflow_queue AS q ON q.id = l.queue_id
JOIN taskflow_tenant AS t ON t.id = q.tenant_id
WHERE json_extract(x.value, '$[1]') = 'pending'
