-- Deletes unique keys whose period is over.
DELETE FROM taskflow_unique_lock
WHERE (tenant_id, key) IN (SELECT tenant_id, key FROM taskflow_unique_lock WHERE until <= :now ORDER BY until LIMIT :limit)
