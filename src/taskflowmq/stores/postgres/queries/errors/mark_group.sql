-- Sets the state in which an operator puts a group, with the time and the operator, and returns its fingerprint. With a resolution
-- it keeps the newest release whose living workers run the task.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now)
UPDATE taskflow.error_group g
SET resolved_at = CASE $4::text WHEN 'resolved' THEN (SELECT now FROM n) END,
    muted_until = CASE $4::text WHEN 'muted' THEN $5::timestamptz END, changed_at = (SELECT now FROM n), changed_by = $6::text,
    resolved_release = CASE $4::text WHEN 'resolved' THEN (
      SELECT w.release_id
      FROM taskflow.worker w
      JOIN taskflow.release r ON r.id = w.release_id
      JOIN taskflow.task k ON k.id = g.task_id
      JOIN taskflow.tenant t ON t.id = g.tenant_id
      WHERE w.ended_at IS NULL AND (w.info -> 'tasks')::jsonb ? k.name
        AND (coalesce(json_array_length(w.info -> 'tenants'), 0) = 0 OR (w.info -> 'tenants')::jsonb ? t.name)
      ORDER BY r.first_at DESC, r.id DESC LIMIT 1) END
WHERE tenant_id = $2::integer AND fingerprint = $3::text
RETURNING fingerprint
