-- The id of a lane, created if it is new and there are fewer than :most.
INSERT INTO taskflow_lane (queue_id, priority, share)
SELECT :queue_id, :priority, :share
WHERE EXISTS (SELECT 1 FROM taskflow_lane WHERE queue_id = :queue_id AND priority = :priority AND share = :share)
   OR (SELECT count(*) FROM taskflow_lane) < :most
ON CONFLICT (queue_id, priority, share) DO UPDATE SET priority = excluded.priority
RETURNING id
