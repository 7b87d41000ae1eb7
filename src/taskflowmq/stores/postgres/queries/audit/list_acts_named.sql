-- Lists acts of one action of a tenant that fit a filter, newest first.
-- As a range of the index: by equality, the planner would walk down the ids of everyone where it believes in few tenants or actors.
SELECT a.id, a.at, a.details::text AS details
FROM taskflow.audit a
WHERE (a.tenant, a.action, a.id) < ($1::text, $4::text, coalesce($2::bigint, 9223372036854775807))
  AND (a.tenant, a.action) >= ($1::text, $4::text)
  AND ($5::timestamptz IS NULL OR a.at >= $5::timestamptz) AND ($6::timestamptz IS NULL OR a.at < $6::timestamptz)
ORDER BY a.tenant DESC, a.action DESC, a.id DESC
LIMIT $3::integer
