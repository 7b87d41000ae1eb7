-- Reads the jobs of a tenant that exist among the ids, in id order.
SELECT
-- include: view_columns
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
-- include: view_joins
WHERE t.name = :tenant AND j.deleted_at IS NULL
ORDER BY x.key
