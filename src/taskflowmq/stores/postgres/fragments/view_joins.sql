-- Joins to a job "j" what a reader sees of it: its names, the place that it is in ("p"), a cancel request, and the
-- error of its last attempt until it ends.
SELECT j.id FROM taskflow.job j
-- begin
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
-- end
