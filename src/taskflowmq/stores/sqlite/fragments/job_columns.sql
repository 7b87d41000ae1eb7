-- The columns of a new job, in the order of what is stored in them.
SELECT
-- begin
id, tenant_id, lane_id, task_id, args_version, max_attempts, timeout_ms, created_at, run_at, expires_at, args, unique_key, tags, meta,
headers
-- end
FROM taskflow_job
