-- Reads what moves of the jobs of a tenant that exist among the ids, in the order given: their places and lanes, by primary key.
SELECT j.id,
       CASE WHEN y.job_id IS NOT NULL THEN 'pending' WHEN r.job_id IS NOT NULL THEN 'running' ELSE coalesce(o.state, w.why) END,
       o.reason, coalesce(o.round, r.round, y.round, w.round), coalesce(o.attempt, r.attempt, y.attempt, w.attempt),
       coalesce(o.lease_no, r.lease_no, y.lease_no, w.lease_no), coalesce(w.due_at, j.run_at),
       coalesce(o.started_at, r.started_at), o.finished_at, coalesce(o.worker_id, r.worker_id),
       coalesce(r.progress, o.progress), c.at, q.name, l.priority
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
CROSS JOIN taskflow_lane AS l ON l.id = j.lane_id
CROSS JOIN taskflow_queue AS q ON q.id = l.queue_id
LEFT JOIN taskflow_outcome AS o ON o.job_id = j.id
LEFT JOIN taskflow_running AS r ON r.job_id = j.id
LEFT JOIN taskflow_ready AS y ON y.job_id = j.id
LEFT JOIN taskflow_waiting AS w ON w.job_id = j.id
LEFT JOIN taskflow_cancel_request AS c ON c.job_id = j.id
WHERE j.tenant_id = (SELECT t.id FROM taskflow_tenant AS t WHERE t.name = :tenant) AND j.deleted_at IS NULL
