-- Makes scheduled or retrying jobs ready now, in the order of their ids; those that were never claimed have it as their run_at. Pass the ids in order: so they are locked.
WITH held AS MATERIALIZED (
  SELECT w.ctid FROM unnest($2::uuid[]) AS x (id)
  CROSS JOIN LATERAL (
    SELECT w.ctid FROM taskflow.waiting w WHERE w.job_id = x.id AND w.why IN ('scheduled', 'retrying') FOR UPDATE) w
),
gone AS (
  DELETE FROM taskflow.waiting WHERE ctid = ANY(ARRAY(SELECT held.ctid FROM held))
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags
),
present AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS at),
told AS (
  UPDATE taskflow.job SET run_at = (SELECT at FROM present)
  WHERE id = ANY(ARRAY(SELECT job_id FROM gone WHERE lease_no = 0))
),
arriving AS (
  SELECT j.lane_id, g.job_id, j.task_id, (SELECT at FROM present) AS ready_at, j.expires_at,
         g.round, g.attempt, g.crashes, g.losses, g.lease_no, g.flags
  FROM gone g
  CROSS JOIN LATERAL (SELECT j.lane_id, j.task_id, j.expires_at FROM taskflow.job j WHERE j.id = g.job_id OFFSET 0) j
  ORDER BY g.job_id
)
-- include: arrive
SELECT job_id FROM arriving
