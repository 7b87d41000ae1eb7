-- Deletes workers that ended more than a day ago and hold nothing.
DELETE FROM taskflow_worker
WHERE ended_at <= :since AND id NOT IN (SELECT worker_id FROM taskflow_running)
