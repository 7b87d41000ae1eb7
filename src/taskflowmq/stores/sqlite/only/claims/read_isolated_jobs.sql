-- The next ready jobs of a lane that have crashed a process before and must run alone; otherwise as read_claimable_jobs.
WITH wanted AS (
  SELECT * FROM taskflow_ready AS r WHERE r.lane_id = :lane_id AND r.seq >= :cursor AND r.crashes > 0
)
-- include: claim
