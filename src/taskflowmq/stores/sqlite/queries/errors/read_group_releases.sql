-- Reads in which releases a group occurred, as long as its counts are kept: the newest release first, at most :limit, with how many
-- there are. What occurred without a release comes last. The first time is that of the first row, which may be of a whole hour.
SELECT r.name, y.count, max(y.first_at, g.first_at), y.last_at, count(*) OVER ()
FROM (
  SELECT s.release_id, sum(s.count) AS count, min(s.minute) AS first_at, max(s.last_at) AS last_at
  FROM taskflow_error_stat AS s
  WHERE s.tenant_id = :tenant_id AND s.fingerprint = :fingerprint
  GROUP BY s.release_id
) AS y
JOIN taskflow_error_group AS g ON g.tenant_id = :tenant_id AND g.fingerprint = :fingerprint
LEFT JOIN taskflow_release AS r ON r.id = y.release_id
ORDER BY r.first_at DESC NULLS LAST, r.id DESC LIMIT :limit
