-- Ended workers, and ids without a worker row, that still hold running jobs.
-- Walks from one worker to the next in the index instead of reading every running job.
WITH RECURSIVE holder (id) AS (
  SELECT min(worker_id) FROM taskflow_running
  UNION ALL
  SELECT (SELECT min(r.worker_id) FROM taskflow_running AS r WHERE r.worker_id > holder.id)
  FROM holder WHERE holder.id IS NOT NULL
)
SELECT holder.id
FROM holder
LEFT JOIN taskflow_worker AS w ON w.id = holder.id
WHERE holder.id IS NOT NULL AND (w.id IS NULL OR w.ended_at IS NOT NULL)
LIMIT :limit
