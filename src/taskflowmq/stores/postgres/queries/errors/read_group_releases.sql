-- Reads in which releases a group occurred, as long as its counts are kept: the newest release first, at most $3, with how many there
-- are. What occurred without a release comes last. The first time is that of the first row, which may be of a whole hour.
SELECT r.name, x.count, greatest(x.first_at, g.first_at) AS first_at, x.last_at, count(*) OVER () AS total
FROM (
  SELECT s.release_id, sum(s.count)::bigint AS count, min(s.minute) AS first_at, max(s.last_at) AS last_at
  FROM taskflow.error_stat s
  WHERE s.tenant_id = $1::integer AND s.fingerprint = $2::text
  GROUP BY s.release_id
) x
JOIN taskflow.error_group g ON g.tenant_id = $1::integer AND g.fingerprint = $2::text
LEFT JOIN taskflow.release r ON r.id = x.release_id
ORDER BY r.first_at DESC NULLS LAST, r.id DESC LIMIT $3::integer
