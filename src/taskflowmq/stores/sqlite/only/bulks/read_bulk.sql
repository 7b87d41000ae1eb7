-- Reads a bulk operation, of whatever tenant.
SELECT
-- include: bulk_columns
WHERE b.id = :id
