-- Whether the group "g" has occurred since it was resolved; in a release that is not older than the newest that ran its task then,
-- if there was one: a worker of the release before that continues to fail, as in a rolling deploy, opens nothing. An hour later
-- it does: the release was rolled back, or the deploy did not reach that worker.
SELECT
-- begin
(g.resolved_release IS NULL AND g.last_at > g.resolved_at OR EXISTS (
  SELECT FROM taskflow.error_stat s
  WHERE s.tenant_id = g.tenant_id AND s.fingerprint = g.fingerprint
    AND s.minute >= date_trunc('hour', g.resolved_at, 'UTC') AND s.last_at > g.resolved_at
    AND (g.resolved_release IS NULL OR s.release_id IS NULL OR s.last_at > g.resolved_at + interval '1 hour'
         OR (SELECT r.first_at FROM taskflow.release r WHERE r.id = s.release_id)
            >= (SELECT r.first_at FROM taskflow.release r WHERE r.id = g.resolved_release))))
-- end
FROM taskflow.error_group g
