-- What a reader sees of a job: "j" is its row, the others are joined by view_joins.
SELECT
-- begin
j.id, t.name AS tenant, k.name AS task, u.name AS queue, l.priority, convert_to(j.args::text, 'UTF8') AS args,
p.state, p.reason, p.round, p.attempt, p.crashes, p.losses, p.lease_no, j.created_at, coalesce(p.due_at, j.run_at) AS run_at, p.started_at, p.finished_at, j.expires_at,
convert_to(p.result::text, 'UTF8') AS result, p.result_error, convert_to(coalesce(p.error, e.error)::text, 'UTF8') AS error,
convert_to(p.progress::text, 'UTF8') AS progress, p.worker_id, c.at AS cancel_requested_at, j.unique_key, j.tags, p.fingerprint
-- include: job_fields.read
-- end
FROM taskflow.job j
CROSS JOIN LATERAL (
  SELECT 'running' AS state, NULL::text AS reason, r.round, r.attempt, r.crashes, r.losses, r.lease_no,
         NULL::timestamptz AS due_at, r.started_at, NULL::timestamptz AS finished_at, NULL::json AS result,
         NULL::text AS result_error, NULL::json AS error, r.progress, r.worker_id, NULL::text AS fingerprint
  FROM taskflow.running r WHERE r.job_id = j.id
) p
CROSS JOIN taskflow.tenant t
CROSS JOIN taskflow.task k
CROSS JOIN taskflow.lane l
CROSS JOIN taskflow.queue u
CROSS JOIN taskflow.cancel_request c
CROSS JOIN taskflow.attempt e
