-- Counts the groups of a tenant by state, and the open ones that occurred first in the last 24 hours.
WITH fresh AS MATERIALIZED (
  SELECT s.fingerprint, max(s.last_at) AS last_at FROM taskflow_error_stat AS s
  WHERE s.span = 0 AND s.tenant_id = :tenant_id GROUP BY s.fingerprint
),
placed AS (
  SELECT g.first_at > :now - 86400000000 AS new,
         CASE WHEN g.muted_until > :now THEN 'muted'
              WHEN max(g.last_at, coalesce(f.last_at, 0)) <= g.resolved_at THEN 'resolved' ELSE 'open' END AS state
  FROM taskflow_error_group AS g
  LEFT JOIN fresh AS f ON f.fingerprint = g.fingerprint
  WHERE g.tenant_id = :tenant_id
)
SELECT count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'resolved'), count(*) FILTER (WHERE state = 'muted'),
       count(*) FILTER (WHERE state = 'open' AND new)
FROM placed
