-- Joins to a job "j" what a reader sees of it: its names, the place that it is in, and a cancel request.
SELECT j.id FROM taskflow_job AS j
-- begin
JOIN taskflow_tenant AS t ON t.id = j.tenant_id
JOIN taskflow_task AS k ON k.id = j.task_id
JOIN taskflow_lane AS l ON l.id = j.lane_id
JOIN taskflow_queue AS q ON q.id = l.queue_id
LEFT JOIN taskflow_outcome AS o ON o.job_id = j.id
LEFT JOIN taskflow_running AS r ON r.job_id = j.id
LEFT JOIN taskflow_ready AS y ON y.job_id = j.id
LEFT JOIN taskflow_waiting AS w ON w.job_id = j.id
LEFT JOIN taskflow_cancel_request AS c ON c.job_id = j.id
-- end
