-- Reads a bulk operation of a tenant.
SELECT
-- include: bulk_columns
WHERE b.id = :id AND t.name = :tenant
