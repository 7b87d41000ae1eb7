-- Sets the state in which an operator puts a group, with the time and the operator, and returns its fingerprint. With a resolution
-- it keeps the newest release whose living workers run the task.
UPDATE taskflow_error_group AS g
SET resolved_at = CASE :state WHEN 'resolved' THEN :now END, muted_until = CASE :state WHEN 'muted' THEN :until END,
    changed_at = :now, changed_by = :actor,
    resolved_release = CASE :state WHEN 'resolved' THEN (
      SELECT w.release_id
      FROM taskflow_worker AS w
      JOIN taskflow_release AS r ON r.id = w.release_id
      JOIN taskflow_task AS k ON k.id = g.task_id
      JOIN taskflow_tenant AS t ON t.id = g.tenant_id
      WHERE w.ended_at IS NULL AND EXISTS (SELECT 1 FROM json_each(w.info, '$.tasks') AS x WHERE x.value = k.name)
        AND (coalesce(json_array_length(w.info, '$.tenants'), 0) = 0
             OR EXISTS (SELECT 1 FROM json_each(w.info, '$.tenants') AS x WHERE x.value = t.name))
      ORDER BY r.first_at DESC, r.id DESC LIMIT 1) END
WHERE tenant_id = :tenant_id AND fingerprint = :fingerprint
RETURNING fingerprint
