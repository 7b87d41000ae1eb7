-- Moves scheduled and retrying jobs ($1) from the lanes $2 to the lanes $3, where they wait for the same time; one that is no longer in its lane
-- is left. Pass the ids in order: so they are locked.
-- The waiting row is replaced: a statement that began before and waits for its lock (make_due_now, stage_due_jobs) joins the job as
-- its snapshot shows it, in the lane of before. It finds this row gone, and the other one is there for its next turn.
WITH held AS MATERIALIZED (
  SELECT w.ctid FROM unnest($1::uuid[], $2::integer[]) AS x (id, lane_id)
  CROSS JOIN LATERAL (SELECT j.lane_id FROM taskflow.job j WHERE j.id = x.id OFFSET 0) j
  CROSS JOIN LATERAL (
    SELECT w.ctid FROM taskflow.waiting w
    WHERE w.job_id = x.id AND j.lane_id = x.lane_id AND w.why IN ('scheduled', 'retrying') FOR UPDATE) w
),
gone AS (
  DELETE FROM taskflow.waiting WHERE ctid = ANY(ARRAY(SELECT held.ctid FROM held))
  RETURNING job_id, why, due_at, deps_left, round, attempt, crashes, losses, lease_no, flags
),
kept AS (
  INSERT INTO taskflow.waiting (job_id, why, due_at, deps_left, round, attempt, crashes, losses, lease_no, flags)
  SELECT job_id, why, due_at, deps_left, round, attempt, crashes, losses, lease_no, flags FROM gone
),
told AS (
  UPDATE taskflow.job SET lane_id = ($3::integer[])[array_position($1::uuid[], id)]
  WHERE id = ANY(ARRAY(SELECT job_id FROM gone))
)
SELECT job_id FROM gone
