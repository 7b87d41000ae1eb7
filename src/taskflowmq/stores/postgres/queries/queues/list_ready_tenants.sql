-- Lists the tenants that have ready jobs, by name.
SELECT t.name FROM taskflow.tenant t
WHERE EXISTS (
  SELECT FROM taskflow.queue q JOIN taskflow.lane l ON l.queue_id = q.id
  CROSS JOIN LATERAL (SELECT FROM taskflow.ready r WHERE r.lane_id = l.id LIMIT 1) r
  WHERE q.tenant_id = t.id)
ORDER BY t.name
