-- Reads one job of a tenant, wherever it is, with the error of its last attempt until it ends.
SELECT
-- include: view_columns
FROM taskflow.job j
-- include: view_joins
WHERE j.id = $2::uuid AND j.deleted_at IS NULL AND t.name = $1::text
