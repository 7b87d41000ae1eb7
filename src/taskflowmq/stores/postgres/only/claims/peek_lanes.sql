-- Reads what a quiet worker needs, in one round trip: every lane with its queue and whether that is paused, and what
-- sample_positions reads: the first row of each lane above its floor, locked or not, the oldest transaction in
-- progress, an xid of our own (only on request), the last position drawn. Lanes that are not given have no floor. For
-- tenants and queues that the worker does not serve ($5 and $4; empty: it serves all) no row is read: below a held
-- snapshot, a scan from the
-- beginning of a busy lane would read every row that was ever claimed from it.
WITH s AS MATERIALIZED (
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
         CASE WHEN $1::boolean THEN pg_current_xact_id()::text::bigint END AS own,
         (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM taskflow.ready_seq) AS last_drawn
)
SELECT l.id, l.priority, l.share, q.tenant_id, q.id AS queue_id, q.name AS queue, q.paused_at IS NOT NULL AS paused,
       CASE WHEN q.paused_at IS NULL AND (cardinality($4::text[]) = 0 OR q.name = ANY($4::text[]))
                 AND (cardinality($5::integer[]) = 0 OR q.tenant_id = ANY($5::integer[])) THEN
         (SELECT r.seq FROM taskflow.ready r WHERE r.lane_id = l.id AND r.seq > coalesce(f.floor, 0) ORDER BY r.seq LIMIT 1)
       END AS first_row,
       s.oldest, s.own, s.last_drawn
FROM s
CROSS JOIN taskflow.lane l
JOIN taskflow.queue q ON q.id = l.queue_id
LEFT JOIN unnest($2::integer[], $3::bigint[]) AS f (lane_id, floor) ON f.lane_id = l.id
