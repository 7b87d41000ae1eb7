-- Lists the releases that were announced first within a time, the newest of them, newest first.
SELECT r.id, r.name, r.first_at, r.last_at
FROM taskflow.release r
WHERE r.first_at >= coalesce($1::timestamptz, '-infinity') AND r.first_at < coalesce($2::timestamptz, 'infinity')
ORDER BY r.first_at DESC, r.id DESC
LIMIT $3::bigint
