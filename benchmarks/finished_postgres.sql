-- Stores finished jobs in the order of their ids, as they come in life: $1 and $2 are the point of the first and the
-- step to the next as parts of the last 20 hours, $3 how many. One in 50 died, one in 50 was cancelled, and lately all
-- died; one in 1,000 is of the queue and the task 'seldom', if there are such.
WITH x AS MATERIALIZED (
  SELECT overlay(gen_random_uuid()::text PLACING left(taskflow.lowest_id(p.at)::text, 13) FROM 1 FOR 13)::uuid AS id, p.at,
         CASE WHEN p.point >= 0.98 OR p.n % 50 = 1 THEN 'dead' WHEN p.n % 50 = 2 THEN 'cancelled' ELSE 'completed' END AS state,
         CASE WHEN p.n % 1000 = 0 THEN s.lane_id ELSE 1 END AS lane_id, CASE WHEN p.n % 1000 = 0 THEN s.task_id ELSE 1 END AS task_id
  FROM (SELECT coalesce((SELECT l.id FROM taskflow.lane l JOIN taskflow.queue q ON q.id = l.queue_id WHERE q.name = 'seldom'), 1) AS lane_id,
               coalesce((SELECT k.id FROM taskflow.task k WHERE k.name = 'seldom'), 1) AS task_id) s,
       (SELECT n, $1::float8 + n * $2::float8 AS point, now() - interval '20 hours' + ($1 + n * $2) * interval '20 hours' AS at
        FROM generate_series(0, $3::integer - 1) AS n) p
),
j AS (
  INSERT INTO taskflow.job (id, tenant_id, lane_id, task_id, max_attempts, created_at, run_at, args)
  SELECT id, 1, lane_id, task_id, 3, at, at, '{}' FROM x
)
INSERT INTO taskflow.outcome (job_id, state, reason, finished_at, round, attempt, crashes, losses, lease_no)
SELECT id, state, CASE state WHEN 'dead' THEN 'attempts_exhausted' WHEN 'cancelled' THEN 'cancelled_by_user' END, at, 1, 1, 0, 0, 1
FROM x
