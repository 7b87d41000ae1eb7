-- One job as a reader sees it; its state is the place that holds its id.
SELECT
-- include: view_columns
FROM taskflow_job AS j
-- include: view_joins
WHERE j.id = :job_id AND t.name = :tenant AND j.deleted_at IS NULL
