-- Makes a scheduled or retrying job ready now.
WITH gone AS (
  DELETE FROM taskflow.waiting WHERE job_id = $2::uuid AND why IN ('scheduled', 'retrying')
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags
),
arriving AS (
  SELECT j.lane_id, g.job_id, j.task_id, (SELECT coalesce($1::timestamptz, clock_timestamp())) AS ready_at, j.expires_at,
         g.round, g.attempt, g.crashes, g.losses, g.lease_no, g.flags
  FROM gone g
  CROSS JOIN LATERAL (SELECT j.lane_id, j.task_id, j.expires_at FROM taskflow.job j WHERE j.id = g.job_id OFFSET 0) j
)
-- include: arrive
SELECT job_id FROM arriving
