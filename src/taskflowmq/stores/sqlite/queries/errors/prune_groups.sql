-- Deletes groups that have not occurred for as long as counts are kept, and that no dead job belongs to.
DELETE FROM taskflow_error_group WHERE (tenant_id, fingerprint) IN (
  SELECT g.tenant_id, g.fingerprint FROM taskflow_error_group AS g
  WHERE g.last_at < :until
    AND NOT EXISTS (SELECT 1 FROM taskflow_outcome AS o WHERE o.fingerprint = g.fingerprint)
    AND NOT EXISTS (SELECT 1 FROM taskflow_error_stat AS s WHERE s.tenant_id = g.tenant_id AND s.fingerprint = g.fingerprint)
  LIMIT :limit)
