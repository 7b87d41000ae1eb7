-- Claimed jobs start: charged, under a new fence, without the key that is freed at start.
INSERT INTO taskflow_running (job_id, worker_id, lane_id, started_at, round, attempt, crashes, losses, lease_no, flags)
SELECT r.job_id, :worker_id, r.lane_id, :now, r.round, r.attempt + 1, r.crashes, r.losses, r.lease_no + 1, r.flags & ~2
FROM json_each(:seqs) AS x
CROSS JOIN taskflow_ready AS r ON r.lane_id = :lane_id AND r.seq = x.value
