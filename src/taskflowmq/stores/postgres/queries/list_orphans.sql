-- Lists ended workers that still hold running jobs.
SELECT w.id FROM taskflow.worker w
WHERE w.ended_at IS NOT NULL AND EXISTS (SELECT FROM taskflow.running r WHERE r.worker_id = w.id)
ORDER BY w.id LIMIT $1::integer
