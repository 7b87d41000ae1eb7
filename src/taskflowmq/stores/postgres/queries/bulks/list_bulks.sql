-- Lists a tenant's bulk operations, newest first, below an id; null: from the newest.
SELECT
-- include: bulk_columns
WHERE b.tenant_id = (SELECT m.id FROM taskflow.tenant m WHERE m.name = $1::text)
  AND b.id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
ORDER BY b.id DESC LIMIT $3::integer
