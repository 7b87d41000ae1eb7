-- Reads the jobs of a tenant that exist among the ids as a list shows them, in id order: no results, of arguments the first
-- characters, of an error as many as hold its type and message. Progress only of running jobs.
SELECT j.id, k.name AS task, u.name AS queue, l.priority, convert_to(left(j.args::text, $3::integer), 'UTF8') AS args,
       p.state, p.reason, p.round, p.attempt, p.lease_no, j.max_attempts, j.created_at, coalesce(p.due_at, j.run_at) AS run_at,
       p.started_at, p.finished_at, convert_to(left(coalesce(p.error, e.error)::text, $4::integer), 'UTF8') AS error,
       convert_to(CASE WHEN p.state = 'running' THEN p.progress::text END, 'UTF8') AS progress, p.worker_id,
       c.at AS cancel_requested_at, j.tags
FROM unnest($2::uuid[]) AS x (id)
CROSS JOIN LATERAL (SELECT * FROM taskflow.job j WHERE j.id = x.id AND j.deleted_at IS NULL OFFSET 0) j
-- include: view_joins
WHERE t.name = $1::text
ORDER BY j.id
