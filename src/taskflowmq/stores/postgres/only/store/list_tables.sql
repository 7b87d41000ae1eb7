-- Lists the tables with their bytes, indexes included, and the rows that the statistics estimate; those of partitions
-- count for their table.
SELECT r.relname AS name, sum(pg_total_relation_size(c.oid))::bigint AS bytes,
       sum(coalesce(s.n_live_tup, 0))::bigint AS rows, sum(coalesce(s.n_dead_tup, 0))::bigint AS dead_rows
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE n.nspname = 'taskflow' AND c.relkind IN ('r', 'p')
GROUP BY r.relname
ORDER BY bytes DESC, name
