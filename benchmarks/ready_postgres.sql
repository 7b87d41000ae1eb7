-- Stores ready jobs of queues that nobody serves, spread over their lanes: $1 of them.
WITH lanes AS MATERIALIZED (
  SELECT l.id, row_number() OVER (ORDER BY l.id) AS number, count(*) OVER () AS lanes
  FROM taskflow.lane l JOIN taskflow.queue q ON q.id = l.queue_id WHERE q.name LIKE 'other-%'
),
x AS MATERIALIZED (
  SELECT overlay(gen_random_uuid()::text PLACING left(taskflow.lowest_id(now())::text, 13) FROM 1 FOR 13)::uuid AS id, n
  FROM generate_series(1, $1::integer) AS n
),
j AS (
  INSERT INTO taskflow.job (id, tenant_id, lane_id, task_id, max_attempts, created_at, run_at, args)
  SELECT x.id, 1, l.id, 1, 3, now(), now(), '{}' FROM x JOIN lanes l ON l.number = 1 + x.n % l.lanes
  RETURNING id, lane_id
)
INSERT INTO taskflow.ready (lane_id, seq, job_id, task_id, ready_at, round, attempt, crashes, losses, lease_no, flags)
SELECT lane_id, nextval('taskflow.ready_seq'), id, 1, now(), 1, 0, 0, 0, 0, 0 FROM j
