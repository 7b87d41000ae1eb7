-- Lists acts on one object of a tenant that fit a filter, newest first.
SELECT a.id, a.at, a.details::text AS details
FROM taskflow.audit a
WHERE a.tenant = $1::text AND a.id < coalesce($2::bigint, 9223372036854775807) AND a.object = $8::text
  AND ($4::text IS NULL OR a.actor = $4::text) AND ($5::text IS NULL OR a.action = $5::text)
  AND ($6::timestamptz IS NULL OR a.at >= $6::timestamptz) AND ($7::timestamptz IS NULL OR a.at < $7::timestamptz)
ORDER BY a.id DESC
LIMIT $3::integer
