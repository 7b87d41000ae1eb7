-- Makes the jobs of the CTE "arriving" ready, each at a new position, in its order. Whatever else must happen when a job
-- becomes ready belongs here. The caller's rows come out of a write: the transaction has its xid before it draws (see
-- cursors.py).
WITH arriving AS (
  SELECT r.lane_id, r.job_id, j.task_id, r.started_at AS ready_at, j.expires_at, r.round, r.attempt, r.crashes, r.losses,
         r.lease_no, r.flags
  FROM taskflow.running r JOIN taskflow.job j ON j.id = r.job_id
)
-- begin
, arrived AS (
  INSERT INTO taskflow.ready (lane_id, seq, job_id, task_id, ready_at, expires_at, round, attempt, crashes, losses,
                              lease_no, flags)
  SELECT lane_id, nextval('taskflow.ready_seq'), job_id, task_id, ready_at, expires_at, round, attempt, crashes, losses,
         lease_no, flags
  FROM arriving
)
-- end
SELECT job_id FROM arriving
