-- Counts the groups of a tenant by state, and the open ones that occurred first in the last 24 hours.
WITH n AS MATERIALIZED (SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) AS now),
fresh AS MATERIALIZED (
  SELECT s.fingerprint, max(s.last_at) AS last_at FROM taskflow.error_stat s
  WHERE s.span = 0 AND s.tenant_id = $2::integer GROUP BY s.fingerprint
),
placed AS (
  SELECT g.first_at > n.now - interval '24 hours' AS new,
         CASE WHEN g.muted_until > n.now THEN 'muted'
              WHEN greatest(g.last_at, f.last_at) <= g.resolved_at THEN 'resolved' ELSE 'open' END AS state
  FROM n, taskflow.error_group g
  LEFT JOIN fresh f ON f.fingerprint = g.fingerprint
  WHERE g.tenant_id = $2::integer
)
SELECT count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'resolved') AS resolved,
       count(*) FILTER (WHERE state = 'muted') AS muted, count(*) FILTER (WHERE state = 'open' AND new) AS new
FROM placed
