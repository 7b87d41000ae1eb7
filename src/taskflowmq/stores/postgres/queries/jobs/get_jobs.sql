-- Reads the jobs of a tenant that exist among the ids, in id order.
SELECT
-- include: view_columns
FROM unnest($2::uuid[]) AS x (id)
CROSS JOIN LATERAL (SELECT * FROM taskflow.job j WHERE j.id = x.id AND j.deleted_at IS NULL OFFSET 0) j
-- include: view_joins
WHERE t.name = $1::text
ORDER BY j.id
