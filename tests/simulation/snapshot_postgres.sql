-- Everything that the invariants speak of, as (kind, JSON) rows.
SELECT 'job', json_build_array(j.id, t.name, k.name, q.name, l.priority, j.max_attempts, j.unique_key,
                               j.deleted_at IS NOT NULL)::text
FROM taskflow.job j
JOIN taskflow.tenant t ON t.id = j.tenant_id
JOIN taskflow.task k ON k.id = j.task_id
JOIN taskflow.lane l ON l.id = j.lane_id
JOIN taskflow.queue q ON q.id = l.queue_id
UNION ALL
SELECT 'place', json_build_array('ready', job_id, 'pending', NULL, round, attempt, crashes, losses, lease_no, NULL,
                                 round(extract(epoch FROM ready_at) * 1000000)::bigint, flags)::text
FROM taskflow.ready
UNION ALL
SELECT 'place', json_build_array('waiting', job_id, why, NULL, round, attempt, crashes, losses, lease_no, NULL,
                                 round(extract(epoch FROM due_at) * 1000000)::bigint, flags)::text
FROM taskflow.waiting
UNION ALL
SELECT 'place', json_build_array('running', job_id, 'running', NULL, round, attempt, crashes, losses, lease_no,
                                 worker_id, round(extract(epoch FROM started_at) * 1000000)::bigint, flags)::text
FROM taskflow.running
UNION ALL
SELECT 'place', json_build_array('outcome', job_id, state, reason, round, attempt, crashes, losses, lease_no, worker_id,
                                 round(extract(epoch FROM finished_at) * 1000000)::bigint, 0)::text
FROM taskflow.outcome
UNION ALL
SELECT 'tried', json_build_array(job_id, lease_no, round, attempt, ended)::text FROM taskflow.attempt WHERE lease_no > 0
UNION ALL
SELECT 'key', json_build_array(t.name, u.key, u.job_id, u.free_at,
                               round(extract(epoch FROM u.until) * 1000000)::bigint)::text
FROM taskflow.unique_lock u JOIN taskflow.tenant t ON t.id = u.tenant_id
UNION ALL
SELECT 'worker', json_build_array(id, round(extract(epoch FROM lease_until) * 1000000)::bigint,
                                  round(extract(epoch FROM ended_at) * 1000000)::bigint)::text
FROM taskflow.worker
UNION ALL
SELECT 'asked', json_build_array(c.job_id)::text
FROM taskflow.cancel_request c JOIN taskflow.running r ON r.job_id = c.job_id
UNION ALL
SELECT 'paused', json_build_array(t.name, q.name)::text
FROM taskflow.queue q JOIN taskflow.tenant t ON t.id = q.tenant_id
WHERE q.paused_at IS NOT NULL
UNION ALL
SELECT 'result', json_build_array(job_id, result::text)::text FROM taskflow.outcome WHERE state = 'completed'
