-- Lists acts of a tenant in a range of time, newest first.
SELECT a.id, a.at, a.details
FROM taskflow_audit AS a INDEXED BY taskflow_audit_tenant
WHERE a.tenant = :tenant AND a.id < coalesce(:below, 9223372036854775807)
  AND (:after IS NULL OR a.at >= :after) AND (:before IS NULL OR a.at < :before)
ORDER BY a.id DESC
LIMIT :limit
