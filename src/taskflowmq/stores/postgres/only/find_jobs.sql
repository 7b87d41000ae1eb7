-- Keeps those ids whose job fits a filter, newest first, at most $8: names first, then times; null means any.
SELECT j.id
FROM unnest($1::uuid[]) AS x (id)
CROSS JOIN LATERAL (SELECT * FROM taskflow.job j WHERE j.id = x.id AND j.deleted_at IS NULL OFFSET 0) j
JOIN taskflow.tenant t ON t.id = j.tenant_id
JOIN taskflow.task k ON k.id = j.task_id
JOIN taskflow.lane l ON l.id = j.lane_id
JOIN taskflow.queue u ON u.id = l.queue_id
WHERE t.name = $2::text AND ($3::text IS NULL OR u.name = $3) AND ($4::text IS NULL OR k.name = $4)
  AND ($5::timestamptz IS NULL OR j.created_at >= $5) AND ($6::timestamptz IS NULL OR j.created_at < $6)
  AND ($7::text[] IS NULL OR NOT EXISTS (SELECT FROM taskflow.waiting w WHERE w.job_id = j.id AND NOT w.why = ANY($7)))
ORDER BY j.id DESC LIMIT $8::integer
