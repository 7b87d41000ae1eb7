-- Lists the jobs of a tenant that each listed worker runs, the oldest ones of each.
SELECT w.id AS worker_id, r.job_id, k.name AS task, r.started_at
FROM taskflow.worker w
CROSS JOIN (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
CROSS JOIN LATERAL (
  SELECT r.job_id, r.started_at, j.task_id
  FROM taskflow.running r
  CROSS JOIN LATERAL (SELECT j.task_id, j.tenant_id FROM taskflow.job j WHERE j.id = r.job_id OFFSET 0) j
  WHERE r.worker_id = w.id AND j.tenant_id = (SELECT t.id FROM taskflow.tenant t WHERE t.name = $2::text)
  ORDER BY r.job_id LIMIT $3::integer
) r
JOIN taskflow.task k ON k.id = r.task_id
WHERE w.ended_at IS NULL OR w.ended_at > n.now - interval '1 hour'
ORDER BY w.id, r.job_id
