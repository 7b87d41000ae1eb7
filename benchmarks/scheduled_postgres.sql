-- Stores jobs that are due in a day and later: $1 of them.
WITH x AS MATERIALIZED (
  SELECT overlay(gen_random_uuid()::text PLACING left(taskflow.lowest_id(now())::text, 13) FROM 1 FOR 13)::uuid AS id, n
  FROM generate_series(1, $1::integer) AS n
),
j AS (
  INSERT INTO taskflow.job (id, tenant_id, lane_id, task_id, max_attempts, created_at, run_at, args)
  SELECT id, 1, 1, 1, 3, now(), now() + interval '1 day' + n * interval '1 ms', '{}' FROM x RETURNING id, run_at
)
INSERT INTO taskflow.waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
SELECT id, 'scheduled', run_at, 1, 0, 0, 0, 0, 0 FROM j
