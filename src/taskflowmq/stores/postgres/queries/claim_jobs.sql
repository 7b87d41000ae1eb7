-- Takes ready jobs for a living worker: lanes in the given order, each scanned upwards from its position.
-- The lock sits in a MATERIALIZED CTE that returns ctids: a join there may run it once per row. Tuples never move
-- (a ready row is never updated), so a ctid stays true while it is locked.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
me AS MATERIALIZED (
  -- The look goes before the lock: a lock takes a transaction id, and most claims of a quiet worker find nothing (F18).
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
  SELECT p.place
  FROM me
  CROSS JOIN unnest($3::integer[], $4::bigint[], $7::integer[]) AS l (lane_id, after, queue_id)
  CROSS JOIN LATERAL (
    SELECT r.ctid AS place FROM taskflow.ready r
    WHERE r.lane_id = l.lane_id AND r.seq > l.after AND r.crashes = 0 AND r.task_id = ANY($5::integer[])
      AND (r.expires_at IS NULL OR r.expires_at > (SELECT now FROM n))
      AND (SELECT q.paused_at IS NULL FROM taskflow.queue q WHERE q.id = l.queue_id)
    ORDER BY r.seq LIMIT $6::integer FOR UPDATE SKIP LOCKED
  ) p
  LIMIT $6::integer
),
gone AS (
  DELETE FROM taskflow.ready WHERE ctid = ANY(ARRAY(SELECT place FROM picked))
  RETURNING lane_id, seq, job_id, task_id, ready_at, round, attempt, crashes, losses, lease_no, flags
),
started AS (
  INSERT INTO taskflow.running (job_id, worker_id, lane_id, started_at, round, attempt, crashes, losses, lease_no, flags)
  SELECT job_id, $2::uuid, lane_id, (SELECT now FROM n), round, attempt + 1, crashes, losses, lease_no + 1, flags & ~2
  FROM gone
),
freed AS (
  DELETE FROM taskflow.unique_lock WHERE ctid = ANY(ARRAY(
    SELECT u.place FROM gone g
    CROSS JOIN LATERAL (SELECT u.ctid AS place FROM taskflow.unique_lock u
                        WHERE u.job_id = g.job_id AND u.free_at = 'start' FOR UPDATE) u
    WHERE g.flags & 2 <> 0))
)
SELECT g.lane_id, g.seq, g.job_id, g.task_id, g.round, g.attempt + 1 AS attempt, g.crashes, g.losses,
       g.lease_no + 1 AS lease_no, date_part('epoch', (SELECT now FROM n) - g.ready_at) AS waited,
       j.tenant_id, j.max_attempts, j.timeout_ms, j.created_at, j.run_at, j.expires_at, j.args_version, j.tags,
       convert_to(j.args::text, 'UTF8') AS args, convert_to(j.meta::text, 'UTF8') AS meta,
       convert_to(j.headers::text, 'UTF8') AS headers
FROM gone g
CROSS JOIN LATERAL (SELECT * FROM taskflow.job j WHERE j.id = g.job_id OFFSET 0) j
