-- Counts the groups of a tenant by state, and the open ones that occurred first in the last 24 hours.
-- Counts of failures are looked up of resolved groups alone: others are open whatever these are.
WITH placed AS (
  SELECT g.first_at > :now - 86400000000 AS new,
         CASE WHEN g.muted_until > :now THEN 'muted'
              WHEN g.resolved_at IS NULL THEN 'open'
              WHEN
-- include: occurs_again
                THEN 'open' ELSE 'resolved' END AS state
  FROM taskflow_error_group AS g
  WHERE g.tenant_id = :tenant_id
)
SELECT count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'resolved'), count(*) FILTER (WHERE state = 'muted'),
       count(*) FILTER (WHERE state = 'open' AND new)
FROM placed
