-- Takes ready jobs that a process crashed with and that must run alone: claim_jobs over the index of those.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
me AS MATERIALIZED (
  SELECT id FROM taskflow.worker WHERE id = $2::uuid AND ended_at IS NULL FOR KEY SHARE
),
picked AS MATERIALIZED (
  SELECT p.ctid
  FROM me
  CROSS JOIN unnest($3::integer[], $4::bigint[], $7::integer[]) AS l (lane_id, after, queue_id)
  CROSS JOIN LATERAL (
    SELECT r.ctid FROM taskflow.ready r
    WHERE r.lane_id = l.lane_id AND r.seq > l.after AND r.crashes > 0 AND r.task_id = ANY($5::integer[])
      AND (r.expires_at IS NULL OR r.expires_at > (SELECT now FROM n))
      AND (SELECT q.paused_at IS NULL FROM taskflow.queue q WHERE q.id = l.queue_id)
    ORDER BY r.seq LIMIT $6::integer FOR UPDATE SKIP LOCKED
  ) p
  LIMIT $6::integer
)
-- include: start_picked
