-- Lists bulk operations that ended so long ago that they are deleted, oldest first.
SELECT b.id FROM taskflow.bulk b
WHERE b.finished_at <= (SELECT coalesce($1::timestamptz, clock_timestamp())) - $2::bigint * interval '1 millisecond'
ORDER BY b.finished_at LIMIT $3::integer
