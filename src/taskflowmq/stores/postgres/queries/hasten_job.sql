-- Makes a scheduled or retrying job ready now.
WITH gone AS (
  DELETE FROM taskflow.waiting WHERE job_id = $2::uuid AND why IN ('scheduled', 'retrying')
  RETURNING job_id, round, attempt, crashes, losses, lease_no, flags
)
INSERT INTO taskflow.ready (lane_id, seq, job_id, task_id, ready_at, expires_at, round, attempt, crashes, losses, lease_no,
                            flags)
SELECT j.lane_id, nextval('taskflow.ready_seq'), g.job_id, j.task_id,
       (SELECT coalesce($1::timestamptz, clock_timestamp())), j.expires_at, g.round, g.attempt, g.crashes, g.losses,
       g.lease_no, g.flags
FROM gone g
CROSS JOIN LATERAL (SELECT j.lane_id, j.task_id, j.expires_at FROM taskflow.job j WHERE j.id = g.job_id OFFSET 0) j
RETURNING job_id
