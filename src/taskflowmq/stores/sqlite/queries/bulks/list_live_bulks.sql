-- Lists the bulk operations of all tenants that have not ended, oldest first.
SELECT
-- include: bulk_columns
WHERE b.state IN ('waiting', 'running')
ORDER BY b.id LIMIT :limit
