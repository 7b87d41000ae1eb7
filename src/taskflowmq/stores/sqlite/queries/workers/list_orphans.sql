-- Ended workers, and ids without a worker row, that still hold running jobs.
SELECT r.worker_id
FROM (SELECT DISTINCT worker_id FROM taskflow_running) AS r
LEFT JOIN taskflow_worker AS w ON w.id = r.worker_id
WHERE w.id IS NULL OR w.ended_at IS NOT NULL
ORDER BY r.worker_id
LIMIT :limit
