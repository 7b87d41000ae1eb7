-- Lists the jobs of a tenant that each worker runs, the oldest ones of each.
SELECT worker_id, job_id, task, started_at
FROM (
  SELECT r.worker_id, r.job_id, k.name AS task, r.started_at,
         row_number() OVER (PARTITION BY r.worker_id ORDER BY r.job_id) AS place
  FROM taskflow_running AS r
  CROSS JOIN taskflow_job AS j ON j.id = r.job_id
  JOIN taskflow_task AS k ON k.id = j.task_id
  WHERE j.tenant_id = (SELECT t.id FROM taskflow_tenant AS t WHERE t.name = :tenant)
)
WHERE place <= :most
ORDER BY worker_id, job_id
