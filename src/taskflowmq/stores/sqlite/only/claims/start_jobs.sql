-- Starts claimed jobs: charged, under a new fence, without the key that is freed at start. The conditions are those of
-- the claim, which runs in the same transaction, so these are its rows.
INSERT INTO taskflow_running (job_id, worker_id, lane_id, started_at, round, attempt, crashes, losses, lease_no, flags)
SELECT r.job_id, :worker_id, r.lane_id, :now, r.round, r.attempt + 1, r.crashes, r.losses, r.lease_no + 1, r.flags & ~2
FROM taskflow_ready AS r
WHERE r.lane_id = :lane_id AND r.seq BETWEEN :first AND :last AND (r.crashes > 0) = :isolated
  AND (r.expires_at IS NULL OR r.expires_at > :now)
  AND instr(:tasks, ',' || r.task_id || ',') > 0
