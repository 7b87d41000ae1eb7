-- Tells where jobs of a tenant are: ready, waiting (and why), running, a final state, or nowhere; and in which lane.
-- One JSON text: [[number, queue, priority, share, lane, state], ...].
SELECT json_group_array(json_array(x.key, q.name, l.priority, l.share, l.id,
       CASE WHEN y.job_id IS NOT NULL THEN 'pending' WHEN r.job_id IS NOT NULL THEN 'running' ELSE coalesce(o.state, w.why) END))
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
CROSS JOIN taskflow_lane AS l ON l.id = j.lane_id
CROSS JOIN taskflow_queue AS q ON q.id = l.queue_id
LEFT JOIN taskflow_outcome AS o ON o.job_id = j.id
LEFT JOIN taskflow_running AS r ON r.job_id = j.id
LEFT JOIN taskflow_ready AS y ON y.job_id = j.id
LEFT JOIN taskflow_waiting AS w ON w.job_id = j.id
WHERE j.deleted_at IS NULL AND j.tenant_id = (SELECT t.id FROM taskflow_tenant AS t WHERE t.name = :tenant)
