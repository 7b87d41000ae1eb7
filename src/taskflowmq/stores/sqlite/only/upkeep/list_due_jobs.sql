-- Waiting jobs that are due, longest first: [[id in hex, expired, tenant, queue], ...].
SELECT json_group_array(json_array(hex(job_id), expired, tenant, name))
FROM (
  SELECT w.job_id, coalesce(j.expires_at <= :now, 0) AS expired, t.name AS tenant, q.name
  FROM taskflow_waiting AS w
  CROSS JOIN taskflow_job AS j ON j.id = w.job_id
  CROSS JOIN taskflow_lane AS l ON l.id = j.lane_id
  CROSS JOIN taskflow_queue AS q ON q.id = l.queue_id
  CROSS JOIN taskflow_tenant AS t ON t.id = q.tenant_id
  WHERE w.due_at <= :now
  ORDER BY w.due_at, w.job_id
  LIMIT :limit
)
