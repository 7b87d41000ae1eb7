-- Stores the row of one finished job: id, its time in microseconds.
INSERT INTO taskflow_job (id, tenant_id, lane_id, task_id, max_attempts, created_at, run_at, args)
VALUES (:id, 1, 1, 1, 3, :at, :at, '{}')
