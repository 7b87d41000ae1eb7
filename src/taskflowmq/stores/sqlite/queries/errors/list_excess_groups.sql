-- Lists groups of a tenant beyond the number to keep (:most), at most :limit: those of the tasks with the most groups, and of a task
-- those that occurred longest ago. Groups that are muted now come last.
WITH fresh AS MATERIALIZED (
  SELECT s.fingerprint, max(s.last_at) AS last_at FROM taskflow_error_stat AS s
  WHERE s.span = 0 AND +s.tenant_id = :tenant_id GROUP BY s.fingerprint
),
known AS (
  SELECT g.fingerprint, g.task_id, g.type, coalesce(g.muted_until > :now, 0) AS muted, max(g.last_at, coalesce(f.last_at, 0)) AS last_at
  FROM taskflow_error_group AS g
  LEFT JOIN fresh AS f ON f.fingerprint = g.fingerprint
  WHERE g.tenant_id = :tenant_id
),
placed AS (
  SELECT k.*, row_number() OVER (PARTITION BY k.muted, k.task_id ORDER BY k.last_at DESC, k.fingerprint DESC) AS place
  FROM known AS k
),
ordered AS (
  SELECT p.*, row_number() OVER (ORDER BY p.muted DESC, p.place, p.last_at DESC, p.fingerprint DESC) AS kept_as
  FROM placed AS p
)
SELECT o.fingerprint, k.name, o.type
FROM ordered AS o
JOIN taskflow_task AS k ON k.id = o.task_id
WHERE o.kept_as > :most
ORDER BY o.kept_as DESC LIMIT :limit
