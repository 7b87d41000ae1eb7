-- The next ready jobs of a lane that a process crashed with and that must run alone; otherwise as read_claimable_jobs.
WITH wanted AS (
  SELECT * FROM taskflow_ready AS r WHERE r.lane_id = :lane_id AND r.seq >= :cursor AND r.crashes > 0
)
-- include: claim
