-- Makes lanes that do not exist yet, of queues that do.
INSERT INTO taskflow.lane (queue_id, priority, share)
SELECT q.id, x.priority, x.share
FROM unnest($1::text[], $2::smallint[], $3::text[]) AS x (queue, priority, share)
JOIN taskflow.queue q ON q.name = x.queue
WHERE NOT EXISTS (
  SELECT FROM taskflow.lane l WHERE l.queue_id = q.id AND l.priority = x.priority AND l.share = x.share)
ON CONFLICT (queue_id, priority, share) DO NOTHING
