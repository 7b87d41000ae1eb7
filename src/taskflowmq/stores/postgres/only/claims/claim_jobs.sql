-- Takes ready jobs for a living worker: lanes in the given order, each scanned upwards from its position.
-- The lock sits in a MATERIALIZED CTE that returns ctids: a join there may run it once per row. Tuples never move
-- (a ready row is never updated), so a ctid stays true while it is locked.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
me AS MATERIALIZED (
  -- The plain read comes before the lock: a lock takes a transaction id, and most claims of a quiet worker find nothing (F18).
  SELECT id FROM taskflow.worker WHERE id = $2::uuid AND ended_at IS NULL
    AND EXISTS (
      SELECT FROM unnest($3::integer[], $4::bigint[]) AS l (lane_id, after)
      CROSS JOIN LATERAL (
        SELECT FROM taskflow.ready r
        WHERE r.lane_id = l.lane_id AND r.seq > l.after AND r.crashes = 0 AND r.task_id = ANY($5::integer[]) LIMIT 1
      ) r
    )
  FOR KEY SHARE
),
picked AS MATERIALIZED (
  SELECT p.ctid
  FROM me
  CROSS JOIN unnest($3::integer[], $4::bigint[], $7::integer[]) AS l (lane_id, after, queue_id)
  CROSS JOIN LATERAL (
    SELECT r.ctid FROM taskflow.ready r
    WHERE r.lane_id = l.lane_id AND r.seq > l.after AND r.crashes = 0 AND r.task_id = ANY($5::integer[])
      AND (r.expires_at IS NULL OR r.expires_at > (SELECT now FROM n))
      AND (SELECT q.paused_at IS NULL FROM taskflow.queue q WHERE q.id = l.queue_id)
    ORDER BY r.seq LIMIT $6::integer FOR UPDATE SKIP LOCKED
  ) p
  LIMIT $6::integer
)
-- include: start_picked
