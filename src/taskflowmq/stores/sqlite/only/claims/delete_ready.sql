-- Deletes claimed jobs from ready; the conditions are those of start_jobs.
DELETE FROM taskflow_ready
WHERE lane_id = :lane_id AND seq BETWEEN :first AND :last AND (crashes > 0) = :isolated
  AND (expires_at IS NULL OR expires_at > :now)
  AND instr(:tasks, ',' || task_id || ',') > 0
