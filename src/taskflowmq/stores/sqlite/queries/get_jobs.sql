-- Jobs as a reader sees them: those among the ids that exist in the tenant and pass the filters.
SELECT j.id, t.name, k.name, q.name, l.priority, j.args,
       CASE WHEN y.job_id IS NOT NULL THEN 'pending' WHEN r.job_id IS NOT NULL THEN 'running'
            ELSE coalesce(o.state, w.why) END,
       o.reason, coalesce(o.round, r.round, y.round, w.round), coalesce(o.attempt, r.attempt, y.attempt, w.attempt),
       coalesce(o.crashes, r.crashes, y.crashes, w.crashes), coalesce(o.losses, r.losses, y.losses, w.losses),
       coalesce(o.lease_no, r.lease_no, y.lease_no, w.lease_no), j.max_attempts, j.timeout_ms, j.created_at,
       coalesce(w.due_at, j.run_at), coalesce(o.started_at, r.started_at), o.finished_at, j.expires_at, o.result,
       o.result_error,
       CASE WHEN o.job_id IS NOT NULL THEN o.error
            ELSE (SELECT a.error FROM taskflow_attempt AS a
                  WHERE a.job_id = j.id AND a.round = coalesce(r.round, y.round, w.round) AND a.error IS NOT NULL
                  ORDER BY a.lease_no DESC LIMIT 1) END,
       coalesce(r.progress, o.progress), coalesce(o.worker_id, r.worker_id), c.at, j.unique_key, j.tags, j.meta, j.headers
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
JOIN taskflow_tenant AS t ON t.id = j.tenant_id
JOIN taskflow_task AS k ON k.id = j.task_id
JOIN taskflow_lane AS l ON l.id = j.lane_id
JOIN taskflow_queue AS q ON q.id = l.queue_id
LEFT JOIN taskflow_outcome AS o ON o.job_id = j.id
LEFT JOIN taskflow_running AS r ON r.job_id = j.id
LEFT JOIN taskflow_ready AS y ON y.job_id = j.id
LEFT JOIN taskflow_waiting AS w ON w.job_id = j.id
LEFT JOIN taskflow_cancel_request AS c ON c.job_id = j.id
WHERE t.name = :tenant AND j.deleted_at IS NULL
  AND (:queue IS NULL OR q.name = :queue) AND (:task IS NULL OR k.name = :task)
  AND (:created_after IS NULL OR j.created_at >= :created_after) AND (:created_before IS NULL OR j.created_at < :created_before)
  AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(j.tags) AS g WHERE g.value = :tag))
