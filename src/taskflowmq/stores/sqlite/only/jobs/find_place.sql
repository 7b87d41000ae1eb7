-- Where a job is: its queue and its state, or no row if the tenant has no such job.
SELECT q.name,
       CASE WHEN y.job_id IS NOT NULL THEN 'pending' WHEN r.job_id IS NOT NULL THEN 'running'
            ELSE coalesce(o.state, w.why) END
FROM taskflow_job AS j
JOIN taskflow_tenant AS t ON t.id = j.tenant_id
JOIN taskflow_lane AS l ON l.id = j.lane_id
JOIN taskflow_queue AS q ON q.id = l.queue_id
LEFT JOIN taskflow_outcome AS o ON o.job_id = j.id
LEFT JOIN taskflow_running AS r ON r.job_id = j.id
LEFT JOIN taskflow_ready AS y ON y.job_id = j.id
LEFT JOIN taskflow_waiting AS w ON w.job_id = j.id
WHERE j.id = :job_id AND t.name = :tenant AND j.deleted_at IS NULL
