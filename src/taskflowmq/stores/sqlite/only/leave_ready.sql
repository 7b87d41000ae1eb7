-- Claimed jobs are ready no more.
DELETE FROM taskflow_ready WHERE lane_id = :lane_id AND seq IN (SELECT value FROM json_each(:seqs))
