-- Deletes groups that have not occurred for as long as counts are kept, and that no dead job belongs to.
DELETE FROM taskflow.error_group WHERE ctid = ANY(ARRAY(
  SELECT g.ctid FROM taskflow.error_group g
  WHERE g.last_at < $1::timestamptz
    AND NOT EXISTS (SELECT FROM taskflow.outcome o WHERE o.fingerprint = g.fingerprint)
    AND NOT EXISTS (SELECT FROM taskflow.error_stat s WHERE s.tenant_id = g.tenant_id AND s.fingerprint = g.fingerprint)
  LIMIT $2::integer))
