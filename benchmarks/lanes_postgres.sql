-- Makes queues with a lane each ($1 of them), and lanes of other priorities in the queue that is measured ($2, $3).
WITH queues AS (
  INSERT INTO taskflow.queue (tenant_id, name) SELECT 1, 'other-' || n FROM generate_series(1, $1::integer) AS n RETURNING id
)
INSERT INTO taskflow.lane (queue_id, priority)
SELECT id, 0 FROM queues
UNION ALL
SELECT q.id, n FROM taskflow.queue q CROSS JOIN generate_series(-$3::integer, -1) AS n WHERE q.name = $2
