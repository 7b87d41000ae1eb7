-- Sets the state in which an operator puts a group, with the time and the operator, and returns its fingerprint.
UPDATE taskflow_error_group
SET resolved_at = CASE :state WHEN 'resolved' THEN :now END, muted_until = CASE :state WHEN 'muted' THEN :until END,
    changed_at = :now, changed_by = :actor
WHERE tenant_id = :tenant_id AND fingerprint = :fingerprint
RETURNING fingerprint
