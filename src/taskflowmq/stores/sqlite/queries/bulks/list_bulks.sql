-- Lists a tenant's bulk operations, newest first, below an id; null: from the newest.
SELECT
-- include: bulk_columns
WHERE b.tenant_id = (SELECT m.id FROM taskflow_tenant AS m WHERE m.name = :tenant)
  AND b.id < coalesce(:before, x'ffffffffffffffffffffffffffffffff')
ORDER BY b.id DESC LIMIT :limit
