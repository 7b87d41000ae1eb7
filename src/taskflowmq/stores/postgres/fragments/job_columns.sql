-- The columns of a new job, in the order of what is stored in them.
SELECT
-- begin
id, tenant_id, lane_id, task_id, args, created_at, run_at, expires_at, tags
-- include: job_fields.columns
-- end
FROM taskflow.job
