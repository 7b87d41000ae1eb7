-- Lists acts of one action of a tenant that fit a filter, newest first.
SELECT a.id, a.at, a.details
FROM taskflow_audit AS a INDEXED BY taskflow_audit_action
WHERE a.tenant = :tenant AND a.id < coalesce(:below, 9223372036854775807) AND a.action = :action
  AND (:after IS NULL OR a.at >= :after) AND (:before IS NULL OR a.at < :before)
ORDER BY a.id DESC
LIMIT :limit
