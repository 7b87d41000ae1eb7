-- Whether the group "g" has occurred since it was resolved; in a release that is not older than the newest that ran its task then,
-- if there was one: a worker of the release before that continues to fail, as in a rolling deploy, opens nothing. An hour later
-- it does: the release was rolled back, or the deploy did not reach that worker.
SELECT
-- begin
(g.resolved_release IS NULL AND g.last_at > g.resolved_at OR EXISTS (
  SELECT 1 FROM taskflow_error_stat AS s
  WHERE s.tenant_id = g.tenant_id AND s.fingerprint = g.fingerprint
    AND s.minute >= g.resolved_at / 3600000000 * 3600000000 AND s.last_at > g.resolved_at
    AND (g.resolved_release IS NULL OR s.release_id IS NULL OR s.last_at > g.resolved_at + 3600000000
         OR (SELECT r.first_at FROM taskflow_release AS r WHERE r.id = s.release_id)
            >= (SELECT r.first_at FROM taskflow_release AS r WHERE r.id = g.resolved_release))))
-- end
FROM taskflow_error_group AS g
