-- Counts the groups of a tenant by state, and the open ones that occurred first in the last 24 hours.
-- What is not joined yet is looked up of resolved groups alone: others are open whatever it is.
WITH n AS MATERIALIZED (SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) AS now),
placed AS MATERIALIZED (
  SELECT g.first_at > n.now - interval '24 hours' AS new,
         CASE WHEN g.muted_until > n.now THEN 'muted'
              WHEN g.resolved_at IS NULL OR g.last_at > g.resolved_at THEN 'open'
              WHEN EXISTS (
                SELECT FROM taskflow.error_stat s
                WHERE s.tenant_id = g.tenant_id AND s.fingerprint = g.fingerprint
                  AND s.minute >= date_trunc('minute', g.resolved_at, 'UTC') AND s.last_at > g.resolved_at) THEN 'open'
              ELSE 'resolved' END AS state
  FROM n, taskflow.error_group g
  WHERE g.tenant_id = $2::integer
)
SELECT count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'resolved') AS resolved,
       count(*) FILTER (WHERE state = 'muted') AS muted, count(*) FILTER (WHERE state = 'open' AND new) AS new
FROM placed
