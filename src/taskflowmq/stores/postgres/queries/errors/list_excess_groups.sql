-- Lists groups of a tenant ($2) beyond the number to keep ($3), at most $4: those of the tasks with the most groups, and of a task
-- those that occurred longest ago. Groups that are muted now come last.
WITH n AS MATERIALIZED (SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) AS now),
fresh AS MATERIALIZED (
  SELECT s.fingerprint, max(s.last_at) AS last_at FROM taskflow.error_stat s
  WHERE s.span = 0 AND s.tenant_id = $2::integer GROUP BY s.fingerprint
),
known AS (
  SELECT g.fingerprint, g.task_id, g.type, coalesce(g.muted_until > n.now, false) AS muted, greatest(g.last_at, f.last_at) AS last_at
  FROM n, taskflow.error_group g
  LEFT JOIN fresh f ON f.fingerprint = g.fingerprint
  WHERE g.tenant_id = $2::integer
),
placed AS (
  SELECT k.*, row_number() OVER (PARTITION BY k.muted, k.task_id ORDER BY k.last_at DESC, k.fingerprint COLLATE "C" DESC) AS place
  FROM known k
),
ordered AS (
  SELECT p.*, row_number() OVER (ORDER BY p.muted DESC, p.place, p.last_at DESC, p.fingerprint COLLATE "C" DESC) AS kept_as
  FROM placed p
)
SELECT o.fingerprint, k.name AS task, o.type
FROM ordered o
JOIN taskflow.task k ON k.id = o.task_id
WHERE o.kept_as > $3::integer
ORDER BY o.kept_as DESC LIMIT $4::integer
