-- Lists bulk operations of all tenants that have not ended: first those that can continue now, one of each tenant in turn and of a
-- tenant the one that has done least; then those that wait, the next one first.
SELECT
-- include: bulk_columns
CROSS JOIN (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
CROSS JOIN LATERAL (SELECT CASE WHEN b.collected THEN greatest(b.undo_until, b.next_at, n.now) ELSE n.now END AS at) due
WHERE b.state IN ('waiting', 'running')
ORDER BY due.at,
         row_number() OVER (PARTITION BY b.tenant_id, due.at > n.now ORDER BY b.chunks + b.acted, b.id),
         t.name <= $2::text, t.name, b.id
LIMIT $3::integer
