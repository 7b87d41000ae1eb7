-- Samples the positions: the oldest transaction in progress, an xid of our own (only on request: it closes what was
-- read before, see cursors.py), the last position drawn, and the first row of each lane above its floor, locked or not.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
       CASE WHEN $1::boolean THEN pg_current_xact_id()::text::bigint END AS own,
       (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM taskflow.ready_seq) AS last_drawn,
       ARRAY(
         SELECT (SELECT r.seq FROM taskflow.ready r WHERE r.lane_id = l.lane_id AND r.seq > l.floor ORDER BY r.seq LIMIT 1)
         FROM unnest($2::integer[], $3::bigint[]) WITH ORDINALITY AS l (lane_id, floor, ord) ORDER BY l.ord
       ) AS first_rows
