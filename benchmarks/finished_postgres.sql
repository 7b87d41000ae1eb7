-- Stores finished jobs in the order of their ids, as they come in life: $1 and $2 are the place of the first and the
-- step to the next as parts of the last 20 hours, $3 how many.
WITH x AS MATERIALIZED (
  SELECT overlay(gen_random_uuid()::text PLACING left(taskflow.lowest_id(
           now() - interval '20 hours' + ($1::float8 + n * $2::float8) * interval '20 hours')::text, 13) FROM 1 FOR 13)::uuid AS id
  FROM generate_series(0, $3::integer - 1) AS n
),
j AS (
  INSERT INTO taskflow.job (id, tenant_id, lane_id, task_id, max_attempts, created_at, run_at, args)
  SELECT id, 1, 1, 1, 3, now(), now(), '{}' FROM x ON CONFLICT DO NOTHING RETURNING id
)
INSERT INTO taskflow.outcome (job_id, state, finished_at, round, attempt, crashes, losses, lease_no)
SELECT id, 'completed', now(), 1, 1, 0, 0, 1 FROM j
