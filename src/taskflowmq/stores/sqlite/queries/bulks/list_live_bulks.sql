-- Lists bulk operations of all tenants that have not ended: first those that can continue now, one of each tenant in turn and of a
-- tenant the one that has done least; then those that wait, the next one first.
SELECT
-- include: bulk_columns
WHERE b.state IN ('waiting', 'running')
ORDER BY CASE WHEN b.collected THEN max(coalesce(b.undo_until, 0), coalesce(b.next_at, 0), :now) ELSE :now END,
         row_number() OVER (
           PARTITION BY b.tenant_id, b.collected AND max(coalesce(b.undo_until, 0), coalesce(b.next_at, 0)) > :now
           ORDER BY b.chunks + b.acted, b.id
         ),
         t.name <= :after, t.name, b.id
LIMIT :limit
