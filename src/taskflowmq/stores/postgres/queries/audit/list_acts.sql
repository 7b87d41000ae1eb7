-- Lists acts of a tenant in a range of time, newest first.
-- As a range of the index: by equality, the planner would walk down the ids of everyone where it believes in few tenants or actors.
SELECT a.id, a.at, a.details::text AS details
FROM taskflow.audit a
WHERE (a.tenant, a.id) < ($1::text, coalesce($2::bigint, 9223372036854775807)) AND a.tenant >= $1::text
  AND ($4::timestamptz IS NULL OR a.at >= $4::timestamptz) AND ($5::timestamptz IS NULL OR a.at < $5::timestamptz)
ORDER BY a.tenant DESC, a.id DESC
LIMIT $3::integer
