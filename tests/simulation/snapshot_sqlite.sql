-- Everything that the invariants speak of, as (kind, JSON) rows.
SELECT 'job', json_array(hex(j.id), t.name, k.name, q.name, l.priority, j.max_attempts, j.unique_key,
                         j.deleted_at IS NOT NULL)
FROM taskflow_job AS j
JOIN taskflow_tenant AS t ON t.id = j.tenant_id
JOIN taskflow_task AS k ON k.id = j.task_id
JOIN taskflow_lane AS l ON l.id = j.lane_id
JOIN taskflow_queue AS q ON q.id = l.queue_id
UNION ALL
SELECT 'place', json_array('ready', hex(job_id), 'pending', NULL, round, attempt, crashes, losses, lease_no, NULL,
                           ready_at, flags)
FROM taskflow_ready
UNION ALL
SELECT 'place', json_array('waiting', hex(job_id), why, NULL, round, attempt, crashes, losses, lease_no, NULL, due_at, flags)
FROM taskflow_waiting
UNION ALL
SELECT 'place', json_array('running', hex(job_id), 'running', NULL, round, attempt, crashes, losses, lease_no,
                           hex(worker_id), started_at, flags)
FROM taskflow_running
UNION ALL
SELECT 'place', json_array('outcome', hex(job_id), state, reason, round, attempt, crashes, losses, lease_no,
                           CASE WHEN worker_id IS NOT NULL THEN hex(worker_id) END, finished_at, 0)
FROM taskflow_outcome
UNION ALL
SELECT 'tried', json_array(hex(job_id), lease_no, round, attempt, ended) FROM taskflow_attempt WHERE lease_no > 0
UNION ALL
SELECT 'key', json_array(t.name, u.key, hex(u.job_id), u.free_at, u.until)
FROM taskflow_unique_lock AS u JOIN taskflow_tenant AS t ON t.id = u.tenant_id
UNION ALL
SELECT 'worker', json_array(hex(id), lease_until, ended_at) FROM taskflow_worker
UNION ALL
SELECT 'asked', json_array(hex(c.job_id))
FROM taskflow_cancel_request AS c JOIN taskflow_running AS r ON r.job_id = c.job_id
UNION ALL
SELECT 'paused', json_array(t.name, q.name)
FROM taskflow_queue AS q JOIN taskflow_tenant AS t ON t.id = q.tenant_id
WHERE q.paused_at IS NOT NULL
UNION ALL
SELECT 'result', json_array(hex(job_id), result) FROM taskflow_outcome WHERE state = 'completed'
