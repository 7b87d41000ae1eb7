-- Whether isolated jobs are ready in queues that are not paused, of these tenants and queues (JSON; empty: of all).
SELECT EXISTS (
  SELECT 1 FROM taskflow_ready AS r INDEXED BY taskflow_ready_suspect
  CROSS JOIN taskflow_lane AS l ON l.id = r.lane_id
  CROSS JOIN taskflow_queue AS q ON q.id = l.queue_id
  CROSS JOIN taskflow_tenant AS t ON t.id = q.tenant_id
  WHERE r.crashes > 0 AND q.paused_at IS NULL
    AND (:tenants = '[]' OR t.name IN (SELECT value FROM json_each(:tenants)))
    AND (:queues = '[]' OR q.name IN (SELECT value FROM json_each(:queues))))
