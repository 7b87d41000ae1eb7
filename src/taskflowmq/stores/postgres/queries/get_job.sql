-- Reads one job of a tenant, wherever it is, with the error of its last attempt while it goes on.
SELECT j.id, t.name AS tenant, k.name AS task, u.name AS queue, l.priority, convert_to(j.args::text, 'UTF8') AS args,
       p.state, p.reason, p.round, p.attempt, p.crashes, p.losses, p.lease_no, j.max_attempts, j.timeout_ms,
       j.created_at, coalesce(p.due_at, j.run_at) AS run_at, p.started_at, p.finished_at, j.expires_at,
       convert_to(p.result::text, 'UTF8') AS result, p.result_error, convert_to(coalesce(p.error, e.error)::text, 'UTF8') AS error,
       convert_to(p.progress::text, 'UTF8') AS progress, p.worker_id, c.at AS cancel_requested_at, j.unique_key, j.tags,
       convert_to(j.meta::text, 'UTF8') AS meta, convert_to(j.headers::text, 'UTF8') AS headers
FROM taskflow.job j
CROSS JOIN LATERAL (
  SELECT 'pending' AS state, NULL::text AS reason, r.round, r.attempt, r.crashes, r.losses, r.lease_no,
         NULL::timestamptz AS due_at, NULL::timestamptz AS started_at, NULL::timestamptz AS finished_at,
         NULL::json AS result, NULL::text AS result_error, NULL::json AS error, NULL::json AS progress,
         NULL::uuid AS worker_id
  FROM taskflow.ready r WHERE r.job_id = j.id
  UNION ALL
  SELECT w.why, NULL, w.round, w.attempt, w.crashes, w.losses, w.lease_no, w.due_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM taskflow.waiting w WHERE w.job_id = j.id
  UNION ALL
  SELECT 'running', NULL, r.round, r.attempt, r.crashes, r.losses, r.lease_no, NULL, r.started_at, NULL, NULL, NULL, NULL,
         r.progress, r.worker_id
  FROM taskflow.running r WHERE r.job_id = j.id
  UNION ALL
  SELECT o.state, o.reason, o.round, o.attempt, o.crashes, o.losses, o.lease_no, NULL, o.started_at, o.finished_at,
         o.result, o.result_error, o.error, o.progress, o.worker_id
  FROM taskflow.outcome o WHERE o.job_id = j.id
  LIMIT 1
) p
JOIN taskflow.tenant t ON t.id = j.tenant_id
JOIN taskflow.task k ON k.id = j.task_id
JOIN taskflow.lane l ON l.id = j.lane_id
JOIN taskflow.queue u ON u.id = l.queue_id
LEFT JOIN LATERAL (SELECT c.at FROM taskflow.cancel_request c WHERE c.job_id = j.id OFFSET 0) c ON true
LEFT JOIN LATERAL (
  SELECT a.error FROM taskflow.attempt a
  WHERE a.job_id = j.id AND p.state NOT IN ('completed', 'cancelled', 'dead') AND a.round = p.round AND a.error IS NOT NULL
  ORDER BY a.lease_no DESC LIMIT 1
) e ON true
WHERE j.id = $2::uuid AND j.deleted_at IS NULL AND t.name = $1::text
