-- Sets the state in which an operator puts a group, with the time and the operator, and returns its fingerprint.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now)
UPDATE taskflow.error_group
SET resolved_at = CASE $4::text WHEN 'resolved' THEN (SELECT now FROM n) END,
    muted_until = CASE $4::text WHEN 'muted' THEN $5::timestamptz END, changed_at = (SELECT now FROM n), changed_by = $6::text
WHERE tenant_id = $2::integer AND fingerprint = $3::text
RETURNING fingerprint
