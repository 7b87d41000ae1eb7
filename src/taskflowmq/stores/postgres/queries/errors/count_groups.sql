-- Counts the groups of a tenant by state, and the open ones that occurred first in the last 24 hours.
-- Counts of failures are looked up of resolved groups alone: others are open whatever these are.
WITH n AS MATERIALIZED (SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) AS now),
placed AS (
  SELECT g.first_at > n.now - interval '24 hours' AS new,
         CASE WHEN g.muted_until > n.now THEN 'muted'
              WHEN g.resolved_at IS NULL THEN 'open'
              WHEN
-- include: occurs_again
                THEN 'open' ELSE 'resolved' END AS state
  FROM n, taskflow.error_group g
  WHERE g.tenant_id = $2::integer
)
SELECT count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'resolved') AS resolved,
       count(*) FILTER (WHERE state = 'muted') AS muted, count(*) FILTER (WHERE state = 'open' AND new) AS new
FROM placed
