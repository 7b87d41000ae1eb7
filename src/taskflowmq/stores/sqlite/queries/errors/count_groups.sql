-- Counts the groups of a tenant by state, and the open ones that occurred first in the last 24 hours.
-- What is not joined yet is looked up of resolved groups alone: others are open whatever it is.
WITH placed AS (
  SELECT g.first_at > :now - 86400000000 AS new,
         CASE WHEN g.muted_until > :now THEN 'muted'
              WHEN g.resolved_at IS NULL OR g.last_at > g.resolved_at THEN 'open'
              WHEN EXISTS (
                SELECT 1 FROM taskflow_error_stat AS s
                WHERE s.tenant_id = g.tenant_id AND s.fingerprint = g.fingerprint
                  AND s.minute >= g.resolved_at / 60000000 * 60000000 AND s.last_at > g.resolved_at) THEN 'open'
              ELSE 'resolved' END AS state
  FROM taskflow_error_group AS g
  WHERE g.tenant_id = :tenant_id
)
SELECT count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'resolved'), count(*) FILTER (WHERE state = 'muted'),
       count(*) FILTER (WHERE state = 'open' AND new)
FROM placed
