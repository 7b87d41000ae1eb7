-- Delete workers that ended more than a day ago and hold nothing.
DELETE FROM taskflow_worker
WHERE ended_at <= :since AND NOT EXISTS (SELECT 1 FROM taskflow_running AS r WHERE r.worker_id = taskflow_worker.id)
