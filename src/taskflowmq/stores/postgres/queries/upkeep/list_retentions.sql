-- Lists the lanes of queues that have a retention of their own, and the retention.
SELECT l.id AS lane_id, (q.settings -> 'retention')::text AS retention
FROM taskflow.queue q JOIN taskflow.lane l ON l.queue_id = q.id
WHERE q.settings::text <> '{}' AND q.settings -> 'retention' IS NOT NULL
