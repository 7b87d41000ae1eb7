-- Moves ready jobs ($2) from the lanes $3 to the lanes $4, each at a new position, in the order of their ids; one that is no longer in its lane
-- is left. Pass the ids in order: so they are locked. A ready row is never updated (see claim_jobs).
WITH held AS MATERIALIZED (
  SELECT r.ctid FROM unnest($2::uuid[], $3::integer[]) AS x (id, lane_id)
  CROSS JOIN LATERAL (
    SELECT r.ctid FROM taskflow.ready r WHERE r.job_id = x.id AND r.lane_id = x.lane_id FOR UPDATE) r
),
gone AS (
  DELETE FROM taskflow.ready WHERE ctid = ANY(ARRAY(SELECT held.ctid FROM held))
  RETURNING job_id, task_id, expires_at, round, attempt, crashes, losses, lease_no, flags
),
told AS (
  -- The lane is looked up in the arrays: a join would leave the planner a choice, and the job is found by its id.
  UPDATE taskflow.job SET lane_id = ($4::integer[])[array_position($2::uuid[], id)]
  WHERE id = ANY(ARRAY(SELECT job_id FROM gone))
),
arriving AS (
  SELECT ($4::integer[])[array_position($2::uuid[], g.job_id)] AS lane_id, g.job_id, g.task_id,
         (SELECT coalesce($1::timestamptz, clock_timestamp())) AS ready_at, g.expires_at, g.round, g.attempt, g.crashes,
         g.losses, g.lease_no, g.flags
  FROM gone g ORDER BY g.job_id
)
-- include: arrive
SELECT job_id FROM arriving
