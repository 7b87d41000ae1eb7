-- The next ready jobs of a lane that this worker may run.
WITH wanted AS (
  SELECT * FROM taskflow_ready AS r WHERE r.lane_id = :lane_id AND r.seq >= :cursor AND r.crashes = 0
)
-- include: claim
