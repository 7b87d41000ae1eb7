-- Lists every queue of a tenant by name, when its oldest ready job became ready (the first of each lane is the lane's oldest),
-- and whether it was used since :since or is kept for another reason than live jobs. Without a tenant it lists those of all.
SELECT t.name, q.name, q.paused_at, json_extract(q.settings, '$.pause'),
       (SELECT min((SELECT r.ready_at FROM taskflow_ready AS r WHERE r.lane_id = l.id ORDER BY r.seq LIMIT 1))
        FROM taskflow_lane AS l WHERE l.queue_id = q.id),
       json_extract(q.settings, '$.retention'),
       q.used_at IS NULL OR q.used_at >= :since OR q.paused_at IS NOT NULL
         OR coalesce(json_extract(q.settings, '$.retention'), '{}') <> '{}'
FROM taskflow_queue AS q
JOIN taskflow_tenant AS t ON t.id = q.tenant_id
WHERE :tenant_id IS NULL OR q.tenant_id = :tenant_id
ORDER BY q.name, t.name
