-- Reads what moves of the jobs of a tenant that exist among the ids, in id order: their places and lanes, by primary key.
SELECT j.id, p.state, p.reason, p.round, p.attempt, p.lease_no, coalesce(p.due_at, j.run_at) AS run_at, p.started_at,
       p.finished_at, p.worker_id, convert_to(p.progress::text, 'UTF8') AS progress, c.at AS cancel_requested_at, u.name AS queue, l.priority
FROM unnest($2::uuid[]) AS x (id)
CROSS JOIN LATERAL (SELECT * FROM taskflow.job j WHERE j.id = x.id AND j.deleted_at IS NULL OFFSET 0) j
-- include: job_place
JOIN taskflow.lane l ON l.id = j.lane_id
JOIN taskflow.queue u ON u.id = l.queue_id
LEFT JOIN LATERAL (SELECT c.at FROM taskflow.cancel_request c WHERE c.job_id = j.id OFFSET 0) c ON true
WHERE j.tenant_id = (SELECT t.id FROM taskflow.tenant t WHERE t.name = $1::text)
ORDER BY j.id
