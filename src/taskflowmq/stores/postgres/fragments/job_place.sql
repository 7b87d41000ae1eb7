-- The place that a job "j" is in, as "p": its state is the name of that place.
SELECT j.id FROM taskflow.job j
-- begin
CROSS JOIN LATERAL (
  SELECT 'pending' AS state, NULL::text AS reason, r.round, r.attempt, r.crashes, r.losses, r.lease_no,
         NULL::timestamptz AS due_at, NULL::timestamptz AS started_at, NULL::timestamptz AS finished_at,
         NULL::json AS result, NULL::text AS result_error, NULL::json AS error, NULL::json AS progress,
         NULL::uuid AS worker_id, NULL::text AS fingerprint
  FROM taskflow.ready r WHERE r.job_id = j.id
  UNION ALL
  SELECT w.why, NULL, w.round, w.attempt, w.crashes, w.losses, w.lease_no, w.due_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM taskflow.waiting w WHERE w.job_id = j.id
  UNION ALL
  SELECT 'running', NULL, r.round, r.attempt, r.crashes, r.losses, r.lease_no, NULL, r.started_at, NULL, NULL, NULL, NULL,
         r.progress, r.worker_id, NULL
  FROM taskflow.running r WHERE r.job_id = j.id
  UNION ALL
  SELECT o.state, o.reason, o.round, o.attempt, o.crashes, o.losses, o.lease_no, NULL, o.started_at, o.finished_at,
         o.result, o.result_error, o.error, o.progress, o.worker_id, o.fingerprint
  FROM taskflow.outcome o WHERE o.job_id = j.id
  LIMIT 1
) p
-- end
