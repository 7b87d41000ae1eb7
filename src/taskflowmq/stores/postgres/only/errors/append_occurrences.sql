-- Appends the failures of one process by kind, and makes the groups that are new; those of tasks that the store does not have
-- are left out. $8 and $9: milliseconds since the first and the last of them. $11: the worker, whose release they are of.
WITH seen AS MATERIALIZED (
  SELECT t.id AS tenant_id, k.id AS task_id, x.fingerprint, x.type, x.message, x.count, x.job_id,
         n.now - x.first_ms * interval '1 millisecond' AS first_at, n.now - x.last_ms * interval '1 millisecond' AS last_at,
         (SELECT w.release_id FROM taskflow.worker w WHERE w.id = $11::uuid) AS release_id
  FROM (SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) AS now) n
  CROSS JOIN unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::bigint[], $9::bigint[], $10::uuid[])
    AS x (tenant, task, fingerprint, type, message, count, first_ms, last_ms, job_id)
  JOIN taskflow.tenant t ON t.name = x.tenant
  JOIN taskflow.task k ON k.tenant_id = t.id AND k.name = x.task
),
made AS (
  INSERT INTO taskflow.error_group (tenant_id, fingerprint, task_id, type, message, first_at, last_at, job_id, first_release)
  SELECT s.tenant_id, s.fingerprint, s.task_id, s.type, s.message, s.first_at, s.last_at, s.job_id, s.release_id
  FROM seen s
  WHERE NOT EXISTS (SELECT FROM taskflow.error_group g WHERE g.tenant_id = s.tenant_id AND g.fingerprint = s.fingerprint)
  ORDER BY s.tenant_id, s.fingerprint
  ON CONFLICT (tenant_id, fingerprint) DO NOTHING
)
INSERT INTO taskflow.error_stat (span, minute, tenant_id, fingerprint, count, last_at, job_id, release_id)
SELECT 0, date_trunc('minute', s.last_at, 'UTC'), s.tenant_id, s.fingerprint, s.count, s.last_at, s.job_id, s.release_id FROM seen s
