-- Lists acts of one actor of a tenant that fit a filter, newest first.
-- As a range of the index: by equality, the planner would walk down the ids of everyone where it believes in few tenants or actors.
SELECT a.id, a.at, a.details::text AS details
FROM taskflow.audit a
WHERE (a.tenant, a.actor, a.id) < ($1::text, $4::text, coalesce($2::bigint, 9223372036854775807))
  AND (a.tenant, a.actor) >= ($1::text, $4::text)
  AND ($5::text IS NULL OR a.action = $5::text)
  AND ($6::timestamptz IS NULL OR a.at >= $6::timestamptz) AND ($7::timestamptz IS NULL OR a.at < $7::timestamptz)
ORDER BY a.tenant DESC, a.actor DESC, a.id DESC
LIMIT $3::integer
