-- Lists the tenants that have ready jobs, by name.
SELECT t.name FROM taskflow_tenant AS t
WHERE EXISTS (
  SELECT 1 FROM taskflow_queue AS q CROSS JOIN taskflow_lane AS l ON l.queue_id = q.id
  WHERE q.tenant_id = t.id AND EXISTS (SELECT 1 FROM taskflow_ready AS r WHERE r.lane_id = l.id))
ORDER BY t.name
