-- Deletes acts that are older than the audit is kept, and returns how many.
DELETE FROM taskflow_audit WHERE id IN (
  SELECT a.id FROM taskflow_audit AS a WHERE a.at <= :until ORDER BY a.at LIMIT :limit)
