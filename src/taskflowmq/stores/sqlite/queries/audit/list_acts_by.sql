-- Lists acts of one actor of a tenant that fit a filter, newest first.
SELECT a.id, a.at, a.details
FROM taskflow_audit AS a INDEXED BY taskflow_audit_actor
WHERE a.tenant = :tenant AND a.id < coalesce(:below, 9223372036854775807) AND a.actor = :actor
  AND (:action IS NULL OR a.action = :action)
  AND (:after IS NULL OR a.at >= :after) AND (:before IS NULL OR a.at < :before)
ORDER BY a.id DESC
LIMIT :limit
