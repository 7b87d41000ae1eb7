-- Tells where a job of a tenant is: ready, waiting (and why), running, a final state, or nowhere.
SELECT CASE WHEN EXISTS (SELECT FROM taskflow.ready r WHERE r.job_id = j.id) THEN 'pending'
            WHEN EXISTS (SELECT FROM taskflow.running r WHERE r.job_id = j.id) THEN 'running'
            ELSE coalesce((SELECT w.why FROM taskflow.waiting w WHERE w.job_id = j.id),
                          (SELECT o.state FROM taskflow.outcome o WHERE o.job_id = j.id)) END AS state,
       u.name AS queue
FROM taskflow.job j
JOIN taskflow.tenant t ON t.id = j.tenant_id
JOIN taskflow.lane l ON l.id = j.lane_id
JOIN taskflow.queue u ON u.id = l.queue_id
WHERE j.id = $2::uuid AND j.deleted_at IS NULL AND t.name = $1::text
