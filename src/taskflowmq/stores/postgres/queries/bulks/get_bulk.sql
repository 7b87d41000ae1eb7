-- Reads a bulk operation of a tenant.
SELECT
-- include: bulk_columns
WHERE b.id = $2::uuid AND t.name = $1::text
