-- What a reader sees of a job: "j" is its row, the others are joined by view_joins. Its state is the place that holds its id.
SELECT
-- begin
j.id, t.name, k.name, q.name, l.priority, j.args,
CASE WHEN y.job_id IS NOT NULL THEN 'pending' WHEN r.job_id IS NOT NULL THEN 'running'
     ELSE coalesce(o.state, w.why) END,
o.reason, coalesce(o.round, r.round, y.round, w.round), coalesce(o.attempt, r.attempt, y.attempt, w.attempt),
coalesce(o.crashes, r.crashes, y.crashes, w.crashes), coalesce(o.losses, r.losses, y.losses, w.losses),
coalesce(o.lease_no, r.lease_no, y.lease_no, w.lease_no), j.created_at,
coalesce(w.due_at, j.run_at), coalesce(o.started_at, r.started_at), o.finished_at, j.expires_at, o.result,
o.result_error,
CASE WHEN o.job_id IS NOT NULL THEN o.error
     ELSE (SELECT a.error FROM taskflow_attempt AS a
           WHERE a.job_id = j.id AND a.round = coalesce(r.round, y.round, w.round) AND a.error IS NOT NULL
           ORDER BY a.lease_no DESC LIMIT 1) END,
coalesce(r.progress, o.progress), coalesce(o.worker_id, r.worker_id), c.at, j.unique_key, j.tags, o.fingerprint
-- include: job_fields.columns
-- end
FROM taskflow_job AS j, taskflow_tenant AS t, taskflow_task AS k, taskflow_lane AS l, taskflow_queue AS q, taskflow_outcome AS o,
     taskflow_running AS r, taskflow_ready AS y, taskflow_waiting AS w, taskflow_cancel_request AS c
