-- Reads a bulk operation and locks it until the transaction ends; no row if another process holds it.
SELECT
-- include: bulk_columns
WHERE b.id = $1::uuid
FOR UPDATE OF b SKIP LOCKED
