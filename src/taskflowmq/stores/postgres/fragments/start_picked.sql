-- Starts the ready jobs that "picked" has locked, for the worker $2 at the time "n": moves them to running, charged and
-- under a new fence, frees the keys that are held until the start, and returns what a worker needs of them.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
picked AS MATERIALIZED (
  SELECT r.ctid FROM taskflow.ready r WHERE r.lane_id = $3::integer ORDER BY r.seq LIMIT 1 FOR UPDATE SKIP LOCKED
)
-- begin
, gone AS (
  DELETE FROM taskflow.ready WHERE ctid = ANY(ARRAY(SELECT picked.ctid FROM picked))
  RETURNING lane_id, seq, job_id, task_id, ready_at, round, attempt, crashes, losses, lease_no, flags
),
started AS (
  INSERT INTO taskflow.running (job_id, worker_id, lane_id, started_at, round, attempt, crashes, losses, lease_no, flags)
  SELECT job_id, $2::uuid, lane_id, (SELECT now FROM n), round, attempt + 1, crashes, losses, lease_no + 1, flags & ~2
  FROM gone
),
freed AS (
  DELETE FROM taskflow.unique_lock WHERE ctid = ANY(ARRAY(
    SELECT u.ctid FROM gone g
    CROSS JOIN LATERAL (SELECT u.ctid FROM taskflow.unique_lock u
                        WHERE u.job_id = g.job_id AND u.free_at = 'start' FOR UPDATE) u
    WHERE g.flags & 2 <> 0))
)
SELECT g.lane_id, g.seq, g.job_id, g.task_id, j.tenant_id, convert_to(j.args::text, 'UTF8') AS args,
       date_part('epoch', (SELECT now FROM n) - g.ready_at) AS waited, j.tags, g.round, g.attempt + 1 AS attempt, g.crashes,
       g.losses, g.lease_no + 1 AS lease_no, j.created_at, j.run_at, j.expires_at
       -- include: job_fields.read
FROM gone g
CROSS JOIN LATERAL (SELECT * FROM taskflow.job j WHERE j.id = g.job_id OFFSET 0) j
-- end
