-- The id of a lane, created if it is new.
INSERT INTO taskflow_lane (queue_id, priority, share) VALUES (:queue_id, :priority, :share)
ON CONFLICT (queue_id, priority, share) DO UPDATE SET priority = excluded.priority
RETURNING id
