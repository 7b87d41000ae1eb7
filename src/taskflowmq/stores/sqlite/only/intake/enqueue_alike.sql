-- Stores job rows that differ only in id and arguments; otherwise as insert_jobs, at a fifth of its cost: the
-- arguments lie in one piece and are cut out of it (value: offset << 31 | length), so that nothing is quoted.
INSERT INTO taskflow_job (id, created_at, args, tenant_id, lane_id, task_id, run_at, expires_at, unique_key, tags
-- include: job_fields.columns
)
SELECT substr(:ids, 16 * key + 1, 16), :now, CAST(substr(:texts, (value >> 31) + 1, value & 2147483647) AS TEXT), :tenant_id,
       :lane_id, :task_id, :run_at, :expires_at, :unique_key, :tags
-- include: job_fields.given
FROM json_each(:cuts)
