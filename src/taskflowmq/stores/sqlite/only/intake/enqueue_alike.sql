-- Stores job rows that differ only in id and arguments; otherwise as insert_jobs, at a fifth of its cost: the
-- arguments lie in one piece and are cut out of it (value: offset << 31 | length), so that nothing is quoted.
INSERT INTO taskflow_job (
-- include: job_columns
)
SELECT substr(:ids, 16 * key + 1, 16), :tenant_id, :lane_id, :task_id, :args_version, :max_attempts, :timeout_ms, :now,
       :run_at, :expires_at, CAST(substr(:texts, (value >> 31) + 1, value & 2147483647) AS TEXT), :unique_key, :tags, :meta, :headers
FROM json_each(:cuts)
