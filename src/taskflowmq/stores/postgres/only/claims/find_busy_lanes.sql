-- Finds the lanes in which a job is ready behind a position. LIMIT inside the LATERAL leaves the planner no join to choose.
SELECT l.lane_id FROM unnest($1::integer[], $2::bigint[]) AS l (lane_id, after)
CROSS JOIN LATERAL (
  SELECT FROM taskflow.ready r
  WHERE r.lane_id = l.lane_id AND r.seq > l.after AND r.crashes = 0 AND r.task_id = ANY($3::integer[]) LIMIT 1
) r
