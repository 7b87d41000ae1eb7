-- Reads when those of some jobs expire that do.
SELECT j.id, j.expires_at
FROM unnest($1::uuid[]) AS x (id)
CROSS JOIN LATERAL (SELECT j.id, j.expires_at FROM taskflow.job j WHERE j.id = x.id OFFSET 0) j
WHERE j.expires_at IS NOT NULL
