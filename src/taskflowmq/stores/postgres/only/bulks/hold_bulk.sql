-- Reads a bulk operation of a tenant and locks it until the transaction ends, after the one that holds it.
SELECT
-- include: bulk_columns
WHERE b.id = $2::uuid AND t.name = $1::text
FOR UPDATE OF b
